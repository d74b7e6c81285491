"""Expected errors: each says which thing broke which contract, in one line."""

import difflib
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
    require(word in known, where, contract, word, hint=suggestion(word, known), kind=kind)


def suggestion(word: object, known: Iterable[object]) -> str:
    """What somebody who typed ``word`` may have meant, as a question; "" where none is near."""
    if not isinstance(word, str):
        return ""
    names = {name.lower(): name for name in known if isinstance(name, str)}
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return f"did you mean {names[near[0]]!r}?" if near else ""


def shown(value: object) -> str:
    """``value`` as a message repeats it: in one line, and not longer than LONGEST."""
    return one_line(brief(value), LONGEST)


def brief(value: object) -> str:
    """``repr(value)``, but of arrays and long sequences only what they are."""
    if isinstance(value, str | bytes):
        return repr(value[: LONGEST + 1])
    shape, kind = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape and kind is not None:
        return f"an array of shape {tuple(shape)}, {kind}"
    return repr(value)


def one_line(text: str, longest: int) -> str:
    """``text`` without ends of lines and control characters, cut where it is too long."""
    plain = " ".join(text[: 4 * longest].split())
    plain = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in plain)
    return plain if len(plain) <= longest else f"{plain[: longest - 4]} ..."
