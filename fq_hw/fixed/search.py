"""Layer-wise search of fixed-point formats after training, without retraining.

Tensors are decided one after the other, weights of all layers, then biases, then activations, each
from input to output, under a budget of lost accuracy that grows on the way. Source: Goyal et al.
2021 (order, budgets, steps of the search, choice rule). Unlike there, the network is one of
integers all along: what is not decided yet has its starting format, so every loss is one of
hardware.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fq_hw.errors import ParameterError, require
from fq_hw.fixed.format import Format, widest
from fq_hw.fixed.merge_norms import Merged
from fq_hw.fixed.network import Role, Tensor, tensors
from fq_hw.fixed.savings import PLAIN, savings
from fq_hw.float_network import FloatNetwork, nodes

__all__ = [
    "Counter",
    "Decision",
    "Judge",
    "SearchConfig",
    "Shape",
    "Variant",
    "budget",
    "search",
    "second_look",
    "start",
    "starting_formats",
    "with_spare",
    "worth",
]


BIAS_BITS = 4  # that a bias has more where a search starts: a coarse one moves its whole channel


class Variant(enum.Enum):
    """Which formats are chosen, and how."""

    LAYERWISE = "layerwise"
    INDEPENDENT = "independent"
    UNIFORM = "uniform"


class Shape(enum.Enum):
    """How a budget grows from layer to layer: evenly, by the logarithm, early layers first, or by
    what a bit less of each layer saves."""

    LINEAR = "linear"
    LOG = "log"
    WORTH = "worth"

    def share(self, place: int, worths: Sequence[float]) -> float:
        """Share of the whole that layers up to number ``place`` (from 1) may use up."""
        if self is Shape.WORTH:
            return sum(worths[:place]) / sum(worths)
        if self is Shape.LOG:
            return math.log1p(place) / math.log1p(len(worths))
        return place / len(worths)


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """How to search.

    Fields  variant: layer by layer; each tensor alone, all others as they start; or not at all
            shape: of the budgets: the paper's is linear, and has the logarithm among those tried;
                ours is by the worth
            target: relative loss that weights and biases may cost; activations may cost it again
            bits: of weights and activations at the start (biases have more, which costs next to
            nothing); 2 more, and again, while the loss exceeds ``target``
            gain: relative loss that a point with more bits must save to be preferred
    """

    variant: Variant = Variant.LAYERWISE
    shape: Shape = Shape.WORTH
    target: float = 0.0025
    bits: int = 8
    gain: float = 0.0015

    def __post_init__(self) -> None:
        where = "SearchConfig"
        require(0 < self.target < 1, where, "target must be between 0 and 1", self.target)
        require(2 <= self.bits <= 16, where, "bits must be in 2..16", self.bits)
        require(0 <= self.gain < 1, where, "gain must be in 0..1", self.gain)


class Counter(Protocol):
    """What counts errors; see ``fq_hw.nn.fixed_point.Simulation``."""

    def begin(self, layer: str, formats: Mapping[Tensor, Format]) -> None:
        """The layers before ``layer`` keep ``formats`` from now on."""

    def errors(self, formats: Mapping[Tensor, Format], most: int | None = None) -> int:
        """Images ranked wrong; counting may end above ``most``."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """Turns relative losses into numbers of errors.

    Fields  right: images of all that the float network ranks right
            wrong: those that it ranks wrong, of the images that are counted
    """

    right: int
    wrong: int

    def __post_init__(self) -> None:
        where = "search"
        require(self.right >= 1, where, "the float network must rank some images right", self.right)
        require(self.wrong >= 0, where, "wrong must not be negative", self.wrong)

    def allowed(self, loss: float) -> int:
        """Most errors of which the relative loss is at most ``loss``."""
        return self.wrong + int(loss * self.right + 1e-9)

    def loss(self, errors: int) -> float:
        """(float accuracy - accuracy) / float accuracy, as far as counted images tell."""
        return (errors - self.wrong) / self.right


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The format chosen for a tensor, the errors there are with it, and how many were tried."""

    tensor: Tensor
    form: Format
    errors: int
    tried: int


def starting_formats(
    network: FloatNetwork,
    merged: Mapping[str, Merged],
    largest: Mapping[str, float],
    config: SearchConfig,
    bits: int,
) -> dict[Tensor, Format]:
    """Every tensor with ``bits`` and the finest step that clips nothing; see :data:`BIAS_BITS`.

    ``largest`` holds max |x| of every layer's float output on some images.
    """
    formats = {}
    for tensor in tensors(network):
        more = 0
        if tensor.role is Role.ACTIVATION:
            most = largest[tensor.layer]
        else:
            most = abs(getattr(merged[tensor.layer], tensor.role.value)).max()
        if tensor.role is Role.BIAS:
            if merged[tensor.layer].inputs is not None:
                most *= 2  # room for what it makes up for
            if config.variant is not Variant.UNIFORM:
                more = BIAS_BITS
        formats[tensor] = widest(float(most), bits + more)
    return formats


class Points:
    """Errors at the formats of one tensor that have been tried."""

    def __init__(self, counter: Counter, formats: Mapping[Tensor, Format], tensor: Tensor):
        self.counter, self.formats, self.tensor = counter, formats, tensor
        self.found: dict[Format, tuple[int, int | None]] = {}

    def errors(self, form: Format, most: int | None) -> int:
        """Errors with ``form``; above ``most`` they may be more than said."""
        if form in self.found:
            errors, limit = self.found[form]
            whole = limit is None or errors <= limit
            if whole or (most is not None and errors > most):
                return errors
        errors = self.counter.errors({**self.formats, self.tensor: form}, most)
        self.found[form] = (errors, most)
        return errors


def reduce(points: Points, form: Format, allowed: int, noise: int) -> Format:
    """Fewest bits within ``allowed``: first from below, the range kept, then from above.

    The first way goes past failures by up to ``noise`` errors, and one step past the first by more.
    (As published it ends one step past any; but a count may fail by chance at 7 bits and fit at 3.)
    Where nothing is allowed, ``form`` remains.
    """
    best = low = form
    over = False
    while low.bits > 1:
        low = Format(low.bits - 1, low.fraction - 1)
        errors = points.errors(low, allowed + noise)
        best = low if errors <= allowed else best
        if over:
            break
        over = errors > allowed + noise
    while best.bits > 1:
        high = Format(best.bits - 1, best.fraction)
        if points.errors(high, allowed) > allowed:
            break
        best = high
    return best


def nearby(points: Points, centre: Format, gain: int) -> Format:
    """``centre``, or a better one of the eight formats around it.

    Better is what saves ``gain`` errors or more, and what has fewer bits and no more errors. (As
    published the point of fewest errors is taken among equal bits, however few it saves: the least
    of nine noisy counts, and over many tensors that fits the search to its own images.)
    """
    errors = points.errors(centre, None)
    shorter, best = (centre.bits, errors), (errors, centre.bits)
    few = many = centre
    for bits in range(max(centre.bits - 1, 1), centre.bits + 2):
        for away in (0, -1, 1):
            form = Format(bits, centre.fraction + away)
            if form == centre:
                continue
            found = points.errors(form, errors)
            if found <= errors and (bits, found) < shorter:
                shorter, few = (bits, found), form
            if (found, bits) < best:
                best, many = (found, bits), form
    if errors - best[0] >= gain:
        return many
    return few if few.bits < centre.bits else centre


def start(
    config: SearchConfig,
    judge: Judge,
    counter: Counter,
    make: Callable[[int], Mapping[Tensor, Format]],
    first: str,
) -> Mapping[Tensor, Format]:
    """Formats to begin with: ``make(bits)`` of so many bits that the loss is within the target."""
    allowed = judge.allowed(config.target)
    for bits in range(config.bits, 21, 2):
        formats = make(bits)
        counter.begin(first, formats)
        if config.variant is Variant.UNIFORM or counter.errors(formats, allowed) <= allowed:
            return formats
    message = f"search: {bits} bits everywhere lose more than {config.target:.2%}"
    raise ParameterError(f"{message}; allow a larger --target")


def worth(network: FloatNetwork, tensor: Tensor) -> float:
    """What one bit less of ``tensor`` saves of 8 bits: percent of memory and of products."""
    saved = savings(network, {tensor: Format(PLAIN - 1, 0)})
    return saved.memory + saved.products_by_output


def budget(config: SearchConfig, tensor: Tensor, place: int, worths: Sequence[float]) -> float:
    """Relative loss allowed once the tensor number ``place`` (from 1) of its role is decided.

    ``worths`` are those of all tensors of the role. As published, but for biases, which
    :func:`search` holds to what they find.
    """
    alone = config.variant is Variant.INDEPENDENT
    share = config.target * (1 if alone else config.shape.share(place, worths))
    if tensor.role is Role.WEIGHT:
        return share
    return config.target + (share if tensor.role is Role.ACTIVATION else 0)


def search(
    network: FloatNetwork,
    formats: Mapping[Tensor, Format],
    counter: Counter,
    judge: Judge,
    config: SearchConfig,
    decided: Mapping[Tensor, Decision],
) -> Iterator[Decision]:
    """Decide every tensor and yield it at once; those in ``decided`` are taken as they are.

    ``formats`` are those of :func:`start`. The formats of the yielded decisions are the result.
    """
    current = dict(formats)
    gain = max(1, math.ceil(config.gain * judge.right))
    order, errors = list(tensors(network)), None
    worths = {tensor: worth(network, tensor) for tensor in order}
    for tensor in order:
        same = [t for t in order if t.role is tensor.role]
        place = same.index(tensor) + 1
        allowed = judge.allowed(budget(config, tensor, place, [worths[t] for t in same]))
        alone = config.variant is Variant.INDEPENDENT
        decision = decided.get(tensor)
        if decision is None:
            base = dict(formats) if alone else dict(current)
            counter.begin(tensor.layer, base)
            points = Points(counter, base, tensor)
            if errors is not None and not alone:
                points.found[base[tensor]] = (errors, None)
            if tensor.role is Role.BIAS and not alone:  # a thousandth of the memory: worth no error
                allowed = min(allowed, points.errors(base[tensor], None))
            form = reduce(points, base[tensor], allowed, gain)
            if tensor.role is not Role.BIAS or alone:
                form = nearby(points, form, gain)
            decision = Decision(
                tensor=tensor,
                form=form,
                errors=points.errors(form, None),
                tried=len(points.found),
            )
        errors = decision.errors
        current[tensor] = decision.form
        yield decision


def with_spare(formats: Mapping[Tensor, Format], spare: int) -> dict[Tensor, Format]:
    """``formats`` with ``spare`` bits more for weights and activations, for finer steps."""
    finer = {t: Format(f.bits + spare, f.fraction + spare) for t, f in formats.items()}
    return {t: formats[t] if t.role is Role.BIAS else finer[t] for t in formats}


def second_look(
    network: FloatNetwork,
    formats: Mapping[Tensor, Format],
    counter: Counter,
    judge: Judge,
    config: SearchConfig,
    report: Callable[[], None] = lambda: None,
) -> Iterator[Decision]:
    """Take one bit after the other from weights and activations; yield every such step.

    Layer by layer each tensor takes what its own share of the budget allows, and a bit of an early
    layer, worth many of a late one, has no say in what comes later. Here the bit, of either end,
    that costs the fewest errors for its worth goes first, as long as the whole budget allows.
    ``formats`` are those of :func:`search`, or more generous ones. A price is measured again only
    where it is the lowest known (lazy greedy, Minoux 1978); what does not fit then is not tried
    again. ``report`` is called before every measurement. This is ours and not in the paper.
    """
    current, allowed = dict(formats), judge.allowed(2 * config.target)
    place = {node.name: node.index for node in nodes(network)}
    left = [t for t in formats if t.role is not Role.BIAS and formats[t].bits > 1]
    left.sort(key=lambda tensor: place[tensor.layer])  # so that the first round runs no layer twice
    worths = {tensor: worth(network, tensor) for tensor in left}
    counter.begin(left[0].layer, current)
    errors = counter.errors(current)

    def measured(tensor: Tensor) -> tuple[float, Decision]:
        report()
        counter.begin(tensor.layer, current)
        decision = shorter(Points(counter, current, tensor), allowed)
        return max(decision.errors - errors, 0) / worths[tensor], decision

    known = {tensor: measured(tensor) for tensor in left}
    fresh = set(left)
    while known:
        tensor = min(known, key=lambda t: (known[t][0], -worths[t]))
        if tensor not in fresh:
            fresh.add(tensor)
            known[tensor] = measured(tensor)
            if known[tensor][1].errors <= allowed:
                continue
        _, decision = known[tensor]
        if decision.errors <= allowed:
            current[tensor], errors = decision.form, decision.errors
            fresh.clear()
            yield decision
        if decision.errors > allowed or decision.form.bits == 1:
            del known[tensor]


def shorter(points: Points, allowed: int) -> Decision:
    """The better of the two ways to take a bit from a tensor."""
    form = points.formats[points.tensor]
    ways = [Format(form.bits - 1, form.fraction - away) for away in (1, 0)]
    best = min(ways, key=lambda way: points.errors(way, allowed))
    errors = points.errors(best, allowed)
    return Decision(tensor=points.tensor, form=best, errors=errors, tried=len(points.found))
