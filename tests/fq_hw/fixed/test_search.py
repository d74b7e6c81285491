"""The search by hand: a counter whose errors are a known function of the formats."""

from __future__ import annotations

from functools import partial

import pytest
from floats import FLOATS, random_float

from fq_hw.errors import ParameterError
from fq_hw.fixed.format import Format
from fq_hw.fixed.merge_norms import merge_norms
from fq_hw.fixed.network import Role, Tensor, tensors
from fq_hw.fixed.savings import savings
from fq_hw.fixed.search import (
    Judge,
    Points,
    SearchConfig,
    Shape,
    Variant,
    budget,
    nearby,
    reduce,
    search,
    second_look,
    start,
    starting_formats,
    with_spare,
    worth,
)

NETWORK = FLOATS["plain"]
ORDER = list(tensors(NETWORK))


class Counter:
    """``cost(tensor, format)`` errors for every tensor, beside 10 of the float network."""

    def __init__(self, cost):
        self.cost, self.calls, self.begun = cost, [], []

    def begin(self, layer, formats):
        self.begun.append(layer)

    def errors(self, formats, most=None):
        self.calls.append((dict(formats), most))
        return 10 + sum(self.cost(t, f) for t, f in formats.items())


def points(errors):
    """Points of one tensor whose errors are those of ``errors(format)``."""
    counter = Counter(lambda t, f: errors(f) - 10 if t == ORDER[0] else 0)
    return Points(counter, dict.fromkeys(ORDER, Format(8, 7)), ORDER[0])


def test_order_is_weights_biases_activations_and_the_scores_stay_raw():
    assert [str(t) for t in ORDER] == [
        *(f"{layer}.weight" for layer in ("conv1", "conv2", "conv3", "dense1")),
        *(f"{layer}.bias" for layer in ("conv1", "conv2", "conv3", "dense1")),
        *(f"{layer}.activation" for layer in ("conv1", "conv2", "conv3")),
    ]


def test_judge_counts_by_the_float_network():
    judge = Judge(right=800, wrong=200)
    assert judge.allowed(0.01) == 208 and judge.allowed(0.0099) == 207
    assert judge.loss(208) == pytest.approx(0.01)
    with pytest.raises(ParameterError, match="must rank some images right"):
        Judge(right=0, wrong=10)


def test_reduce_drops_low_bits_then_high_ones():
    # three bits may go from below (the range kept), then two from above
    good = {Format(8 - n, 7 - n) for n in range(4)} | {Format(4, 4), Format(3, 4)}
    assert reduce(points(lambda f: 12 if f in good else 99), Format(8, 7), 15, 5) == Format(3, 4)


def test_reduce_looks_one_step_past_the_first_failure_and_no_further():
    bad = {Format(6, 5), Format(4, 3)}
    seen = points(lambda f: 99 if f in bad or f.fraction - f.bits != -1 else 12)
    assert reduce(seen, Format(8, 7), 15, 5) == Format(5, 4)
    assert Format(4, 3) not in seen.found
    assert reduce(points(lambda f: 99), Format(8, 7), 15, 5) == Format(8, 7)


@pytest.mark.parametrize(("errors", "want"), [(20, Format(3, 2)), (21, Format(8, 7))])
def test_reduce_goes_past_failures_that_may_be_luck(errors, want):
    """7 to 4 bits fail by the noise, or by one error more; 3 bits fit."""
    seen = points(
        lambda f: 99 if f.bits < 3 or f.fraction != f.bits - 1 else 12 if f.bits == 3 else errors
    )
    assert reduce(seen, Format(8, 7), 15, 5) == want


CENTRE = Format(4, 3)


@pytest.mark.parametrize(
    ("errors", "gain", "want"),
    [
        ({Format(5, 4): 18}, 3, CENTRE),  # too little for a bit
        ({Format(5, 4): 18}, 2, Format(5, 4)),
        ({Format(4, 2): 19}, 3, CENTRE),  # as likely as not it is luck
        ({Format(4, 2): 17}, 3, Format(4, 2)),
        ({Format(3, 3): 20}, 3, Format(3, 3)),  # a bit for nothing
        ({Format(3, 3): 21}, 3, CENTRE),
        ({Format(3, 3): 20, Format(3, 2): 19, Format(4, 2): 18}, 3, Format(3, 2)),
        ({Format(3, 3): 17, Format(5, 3): 16}, 3, Format(5, 3)),
        ({Format(3, 3): 16, Format(5, 3): 16}, 3, Format(3, 3)),
    ],
)
def test_nearby(errors, gain, want):
    known = {CENTRE: 20} | errors
    assert nearby(points(lambda f: known.get(f, 50)), CENTRE, gain) == want


def test_points_ask_again_only_for_more_than_they_know():
    seen = points(lambda f: 40)
    assert seen.errors(Format(4, 3), 12) == 40
    assert seen.errors(Format(4, 3), 12) == 40
    assert len(seen.counter.calls) == 1
    assert seen.errors(Format(4, 3), None) == 40  # the first count may have ended early
    assert len(seen.counter.calls) == 2
    seen.errors(Format(4, 3), 99)
    assert len(seen.counter.calls) == 2


EVEN = [2.5] * 4


def test_budgets():
    config = SearchConfig(target=0.01, shape=Shape.LINEAR)
    weight, bias, act = (Tensor("conv1", role) for role in Role)
    assert budget(config, weight, 1, EVEN) == pytest.approx(0.0025)
    assert budget(config, weight, 4, EVEN) == pytest.approx(0.01)
    assert budget(config, bias, 1, EVEN) == budget(config, bias, 4, EVEN) == pytest.approx(0.01)
    assert budget(config, act, 4, EVEN) == pytest.approx(0.02)
    early = SearchConfig(target=0.01, shape=Shape.LOG)
    assert budget(early, weight, 1, [1, 1, 1]) == pytest.approx(0.005)
    assert budget(early, weight, 3, [1, 1, 1]) == pytest.approx(0.01)
    ours = SearchConfig(target=0.01)
    assert budget(ours, weight, 1, [1, 7]) == pytest.approx(0.00125)
    assert budget(ours, act, 2, [1, 7]) == pytest.approx(0.02)
    alone = SearchConfig(target=0.01, variant=Variant.INDEPENDENT)
    assert budget(alone, weight, 1, EVEN) == pytest.approx(0.01)


def test_a_bit_is_worth_what_it_saves():
    for tensor in ORDER:
        least = {t: Format(8 - (t == tensor), 7) for t in ORDER}
        saved = savings(NETWORK, least)
        assert worth(NETWORK, tensor) == saved.memory + saved.products_by_output > 0


def cost(tensor, form):
    """Errors of a tensor: none from 4 bits on, 6 for every bit less."""
    return 6 * max(4 - form.bits, 0)


JUDGE = Judge(right=1000, wrong=10)
START = dict.fromkeys(ORDER, Format(8, 7))


def run(variant, decided=()):
    config = SearchConfig(variant=variant, shape=Shape.LINEAR, target=0.006, gain=0.02)
    counter = Counter(cost)
    known = {d.tensor: d for d in decided}
    return list(search(NETWORK, START, counter, JUDGE, config, known)), counter


def test_layerwise_spends_the_budget_once():
    decisions, counter = run(Variant.LAYERWISE)
    assert [d.tensor for d in decisions] == ORDER
    assert counter.begun == [t.layer for t in ORDER]
    total = 10 + sum(cost(d.tensor, d.form) for d in decisions)
    assert decisions[-1].errors == total <= JUDGE.allowed(0.012)
    assert total > 10  # and it is spent
    assert all(d.form.bits <= 4 for d in decisions)
    assert all(d.form.bits == 4 for d in decisions if d.tensor.role is Role.BIAS)
    errors = [d.errors for d in decisions[:4]]
    assert all(e <= JUDGE.allowed(0.006 * n / 4) for n, e in enumerate(errors, 1))


def test_independent_spends_it_for_every_tensor():
    decisions, counter = run(Variant.INDEPENDENT)
    assert {d.form.bits for d in decisions} == {3, 2}  # each alone may cost 6 or 12
    for formats, _ in counter.calls:
        assert sum(f != START[t] for t, f in formats.items()) <= 1


def test_goes_on_after_what_is_decided():
    whole, _ = run(Variant.LAYERWISE)
    rest, counter = run(Variant.LAYERWISE, whole[:5])
    assert rest == whole
    assert counter.begun == [t.layer for t in ORDER[5:]]


def test_starts_with_more_bits_where_eight_are_too_few():
    made = []

    def make(bits):
        made.append(bits)
        return {t: Format(bits, 7) for t in ORDER}

    counter = Counter(lambda t, f: 0 if f.bits >= 12 else 5)
    formats = start(SearchConfig(), JUDGE, counter, make, "conv1")
    assert made == [8, 10, 12] and {f.bits for f in formats.values()} == {12}
    uniform = SearchConfig(variant=Variant.UNIFORM)
    assert {f.bits for f in start(uniform, JUDGE, counter, make, "conv1").values()} == {8}
    with pytest.raises(ParameterError, match=r"20 bits everywhere lose more than 0.25%; allow a"):
        start(SearchConfig(), JUDGE, Counter(lambda t, f: 5), make, "conv1")


LARGEST = {"conv1": 5.0, "conv2": 0.2, "conv3": 1.0}


def test_starting_formats_clip_nothing():
    merged = merge_norms(random_float(NETWORK, 1))
    formats = starting_formats(NETWORK, merged, LARGEST, SearchConfig(), 8)
    assert formats[Tensor("conv1", Role.ACTIVATION)] == Format(8, 4)
    assert formats[Tensor("conv2", Role.ACTIVATION)] == Format(8, 9)
    for layer, arrays in merged.items():
        form = formats[Tensor(layer, Role.WEIGHT)]
        assert abs(arrays.weight).max() * 2.0**form.fraction <= form.limit + 1


def test_biases_start_with_more_bits_where_there_is_a_search():
    merged = merge_norms(random_float(NETWORK, 1))
    bias = Tensor("conv1", Role.BIAS)
    for variant, bits in ((Variant.LAYERWISE, 12), (Variant.INDEPENDENT, 12), (Variant.UNIFORM, 8)):
        config = SearchConfig(variant=variant)
        assert starting_formats(NETWORK, merged, LARGEST, config, 8)[bias].bits == bits


@pytest.mark.parametrize(
    ("change", "message"),
    [({"target": 0.0}, "target"), ({"bits": 1}, "bits"), ({"gain": -0.1}, "gain")],
)
def test_refuses(change, message):
    with pytest.raises(ParameterError, match=f"^SearchConfig: {message} must be "):
        SearchConfig(**change)


LONG = {t: Format(4, 3) for t in ORDER}
FREE = {Tensor("conv2", Role.WEIGHT): 3, Tensor("conv3", Role.ACTIVATION): 2}  # least bits


def look(cost, target=0.005):
    """Steps of a second look at ``LONG`` with a target of 5 errors of 1,000, and the counter."""
    counter, tried = Counter(cost), []
    judge = Judge(right=1_000, wrong=10)
    config = SearchConfig(target=target)
    report = partial(tried.append, 1)
    steps = list(second_look(NETWORK, LONG, counter, judge, config, report))
    return steps, counter, len(tried)


def test_a_second_look_begins_with_finer_steps():
    assert with_spare(LONG, 0) == LONG
    spare = with_spare(LONG, 2)
    assert spare.keys() == LONG.keys()
    for tensor, form in spare.items():
        assert form == (Format(4, 3) if tensor.role is Role.BIAS else Format(6, 5))


def test_a_second_look_takes_what_costs_nothing_until_it_does():
    """Two tensors may be shorter, one of them twice; all else fails at once."""
    steps, counter, tried = look(lambda t, f: 0 if f.bits >= FREE.get(t, 4) else 99)
    ends = {step.tensor: step.form.bits for step in steps}
    assert ends == FREE and len(steps) == 3
    assert tried == 7 + 3 + 6  # biases never; after every step its own tensor; what failed, again
    layers = counter.begun[1:8]
    assert layers == sorted(layers), "in the order of the network"


def test_a_second_look_spends_the_whole_budget_where_it_is_worth_most():
    """Every bit costs one error, the budget are ten: the tensors of most worth get them."""
    steps, *_ = look(lambda t, f: 4 - f.bits if t.role is not Role.BIAS else 0)
    assert len(steps) == 10 and steps[-1].errors == 20
    gains = [worth(NETWORK, step.tensor) for step in steps]
    assert gains == sorted(gains, reverse=True)
    assert not look(lambda t, f: 4 - f.bits, target=0.0001)[0]


def test_a_second_look_measures_a_price_again_before_it_pays():
    """A bit that was free becomes dear once another is gone: the price of before is not taken."""
    dear, other = Tensor("conv3", Role.ACTIVATION), Tensor("conv2", Role.WEIGHT)

    class Linked(Counter):
        def errors(self, formats, most=None):
            gone = {t for t, f in formats.items() if f.bits < 4}
            if gone - {dear, other} or any(formats[t].bits < 3 for t in gone):
                return 99
            return 10 + (99 if len(gone) == 2 else 0)

    judge, config = Judge(right=1_000, wrong=10), SearchConfig(target=0.005)
    steps = list(second_look(NETWORK, LONG, Linked(lambda t, f: 0), judge, config))
    assert len(steps) == 1 and steps[0].errors == 10
    assert worth(NETWORK, steps[0].tensor) == max(worth(NETWORK, t) for t in (dear, other))


def test_a_second_look_asks_on_where_a_price_has_risen():
    """Of two bits the free one costs four errors once the first is gone: the other is cheaper."""
    first, rises, other = sorted(
        (t for t in LONG if t.role is not Role.BIAS), key=lambda t: -worth(NETWORK, t)
    )[:3]
    assert 4 * worth(NETWORK, other) > worth(NETWORK, rises)

    class Rising(Counter):
        def errors(self, formats, most=None):
            gone = {t for t, f in formats.items() if f.bits < 4}
            if gone - {first, rises, other} or any(formats[t].bits < 3 for t in gone):
                return 99
            return 10 + (4 if gone >= {first, rises} else 0) + (other in gone)

    judge, config = Judge(right=1_000, wrong=10), SearchConfig(target=0.005)
    steps = list(second_look(NETWORK, LONG, Rising(None), judge, config))
    assert [step.tensor for step in steps] == [first, other, rises]
    assert [step.errors for step in steps] == [10, 11, 15]


@pytest.mark.parametrize("fraction", [2, 3])
def test_a_second_look_takes_the_better_end(fraction):
    tensor = Tensor("conv1", Role.WEIGHT)

    def cost(t, f):
        if t != tensor or f == Format(4, 3):
            return 0 if f.bits == 4 else 99
        return 1 if f == Format(3, fraction) else 2 + 99 * (f.bits < 3)

    (step,), *_ = look(cost)
    assert step.tensor == tensor and step.form == Format(3, fraction) and step.errors == 11
