"""Expected errors: each says which thing broke which contract, in one line."""

import difflib
import itertools
from collections.abc import Iterable

__all__ = [
    "ArtifactError",
    "CapacityError",
    "FoldingError",
    "FqHwError",
    "GraphError",
    "ParameterError",
    "SimulationError",
    "ToolError",
    "one_line",
    "one_of",
    "require",
    "suggestion",
]


LONGEST = 160  # characters of a value that a message repeats
LONGEST_MESSAGE = 1_000
LONGEST_WORD = 80  # that is compared with others: that takes the square of its length
SHOWN_ENTRIES, SHOWN_DEPTH, SHOWN_BITS = 40, 6, 256  # of a list, table or number


class FqHwError(Exception):
    """Something outside the program is wrong; the command line prints it and exits with 2.

    Its text is one line of at most 1,000 printable characters, whatever a file put into it.
    """

    def __str__(self) -> str:
        return one_line(super().__str__(), LONGEST_MESSAGE)


class ParameterError(FqHwError):
    """A value given by the user or a configuration breaks its contract."""


class GraphError(FqHwError):
    """A network, graph or op is not well formed."""


class FoldingError(FqHwError):
    """A folding does not fit the layer it is meant for."""


class CapacityError(FqHwError):
    """A design needs more than the device has."""


class ArtifactError(FqHwError):
    """A file is missing, truncated, foreign, or of another version."""


class SimulationError(FqHwError):
    """A simulation did not end, or did not give what the golden model says."""


class ToolError(FqHwError):
    """An outside tool is missing or failed."""


NOTHING = object()  # of ``got``, where there is nothing to show


def require(
    ok: object,
    where: str,
    contract: str,
    got: object = NOTHING,
    *,
    hint: str = "",
    kind: type[FqHwError] = ParameterError,
) -> None:
    """Raise ``kind`` unless ``ok``: "DotUnit: simd must divide mw=9 (got 2); use 1, 3 or 9".

    ``contract`` says what must hold, ``got`` is the value that came (never a word about it), and
    ``hint`` what to do where that is not plain.
    """
    if not ok:
        came = "" if got is NOTHING else f" (got {shown(got)})"
        raise kind(f"{where}: {contract}{came}" + (f"; {hint}" if hint else ""))


def one_of(
    word: object,
    known: Iterable[object],
    where: str,
    contract: str = "",
    *,
    kind: type[FqHwError] = ParameterError,
) -> None:
    """Raise ``kind`` unless ``word`` is one of ``known``; the line suggests the nearest of them.

    "board: must be one of ulx3s-85f, icebreaker (got 'ulx3s85f'); did you mean 'ulx3s-85f'?"
    """
    known = list(known)
    contract = contract or f"must be one of {', '.join(map(str, known))}"
    if word not in known:
        require(False, where, contract, word, hint=suggestion(word, known), kind=kind)


def suggestion(word: object, known: Iterable[object]) -> str:
    """What somebody who typed ``word`` may have meant, as a question; "" where none is near."""
    if not isinstance(word, str) or len(word) > LONGEST_WORD:
        return ""
    names = {name.lower(): name for name in known if isinstance(name, str)}
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return f"did you mean {names[near[0]]!r}?" if near else ""


def shown(value: object) -> str:
    """``value`` as a message repeats it: in one line, and not longer than LONGEST."""
    return one_line(brief(value), LONGEST)


class Told(str):
    """Words that stand for a value."""

    __slots__ = ()
    __repr__ = str.__str__


def brief(value: object) -> str:
    """``repr(value)``, but of arrays, long sequences and huge numbers only what they are."""
    return repr(short(value, SHOWN_DEPTH))


def short(value: object, depth: int) -> object:
    """``value``, or what it is where it is too long, too large or too deep to be shown."""
    if isinstance(value, str | bytes):
        return value[: LONGEST + 1]
    shape, kind = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape and kind is not None and not isinstance(value, type):  # numpy.ndarray itself
        return Told(f"an array of shape {tuple(shape)}, {kind}")
    if isinstance(value, int) and value.bit_length() > SHOWN_BITS:
        return Told(f"an integer of {value.bit_length()} bits")
    if type(value) not in (list, tuple, dict, set, frozenset):
        return value
    if depth == 0:
        return Told("...")
    few = itertools.islice(value, SHOWN_ENTRIES)
    if isinstance(value, dict):
        return {short(key, depth): short(value[key], depth - 1) for key in few}
    return type(value)(short(entry, depth - 1) for entry in few)


def one_line(text: str, longest: int) -> str:
    """``text`` without ends of lines and control characters, cut where it is too long."""
    plain = " ".join(text[: 4 * longest].split())
    plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in plain)
    return plain if len(plain) <= longest else f"{plain[: longest - 4]} ..."
