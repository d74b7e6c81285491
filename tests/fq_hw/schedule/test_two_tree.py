"""The two-tree form: its sum, its delays with registers as registers, its chains, its cost."""

import numpy as np
import pytest

from fq_hw.errors import FoldingError
from fq_hw.schedule.two_tree import CHAIN, Raw, build

SMALL = [(lanes, planes) for planes in (1, 2, 3) for lanes in range(1, 17) if lanes * planes <= 16]
LARGE = [(lanes, planes) for lanes in (64, 256, 512) for planes in (1, 2, 3)]
DEPTHS = (None, 1, 2, 3)
every_size = pytest.mark.parametrize(("lanes", "planes"), SMALL + LARGE)
every_depth = pytest.mark.parametrize("depth", DEPTHS)


def all_bits(lanes, planes):
    """Every value of the raw bits [plane][lane], side by side."""
    index = np.arange(1 << (lanes * planes))
    return np.array([[index >> (p * lanes + n) & 1 for n in range(lanes)] for p in range(planes)])


def random_bits(lanes, planes, count=300):
    """Raw bits with few, half, most and all ones."""
    rng = np.random.default_rng(lanes + planes)
    share = np.resize([0.02, 0.5, 0.98, 1.0], count)
    return (rng.random((planes, lanes, count)) < share).astype(int)


def true_sum(raw):
    return sum(bit << plane for plane, lanes in enumerate(raw) for bit in lanes)


def clocked(tree, raw):
    """The total in every cycle, when raw bits [plane][lane][cycle] come as late as the tree says.

    Chains are swept from end to end, again and again, until every wire has its value. A register
    gives in each cycle what its input was in the cycle before.
    """

    def late(bits, by):
        return np.concatenate([np.zeros(by, int), bits[: len(bits) - by]])

    known = {Raw(p, n): late(raw[p][n], tree.delays[p][n]) for p in range(tree.planes)
             for n in range(tree.lanes)} | {None: 0}  # fmt: skip
    before = -1
    while len(known) > before:
        before = len(known)
        known |= {out: late(known[wire], 1) for out, wire in tree.registers if wire in known}
        for chain in tree.chains:
            carry = None  # not known, and of no effect: the first position is a joint
            for joint, a, b, out in chain:
                bits = (known.get(a), known.get(b))
                value = carry if joint else None
                if not joint and carry is not None and bits[0] is not None and bits[1] is not None:
                    value = bits[0] + bits[1] + carry
                carry = bits[0] if joint else None if value is None else value >> 1
                if out is not None and value is not None:
                    known[out] = value & 1
    return sum(known[wire] << n for n, wire in enumerate(tree.total))


@every_depth
@every_size
def test_sum_comes_in_every_cycle(lanes, planes, depth):
    """Of every input where there are not too many, else of random ones."""
    raw = (all_bits if (lanes, planes) in SMALL else random_bits)(lanes, planes)
    tree, cycles = build(lanes, planes, depth), raw.shape[2]
    come = clocked(tree, np.pad(raw, ((0, 0), (0, 0), (0, tree.stages))))
    assert (come[tree.stages :] == true_sum(raw)).all() and len(come) == tree.stages + cycles


@every_size
def test_depth_bounds_the_levels_of_a_stage(lanes, planes):
    tree = build(lanes, planes, None)
    assert tree.stages == 0 and not tree.registers and {*map(max, tree.delays)} == {0}
    levels = build(lanes, planes, 1).stages
    for depth in (1, 2, 3):
        tree = build(lanes, planes, depth)
        assert tree.stages == -(-levels // depth)
        assert all(delay < tree.stages for row in tree.delays for delay in row)


@every_depth
@every_size
def test_chains_and_wires(lanes, planes, depth):
    tree = build(lanes, planes, depth)
    positions = [position for chain in tree.chains for position in chain]
    assert all(chain[0].joint and chain[0].out is None for chain in tree.chains)
    assert all(len(chain) <= CHAIN for chain in tree.chains)
    driven = [p.out for p in positions if p.out is not None] + [out for out, _ in tree.registers]
    assert len(driven) == len(set(driven)), "a wire has two drivers"
    used = [bit for p in positions for bit in (p.a, p.b) if bit is not None]
    raws = [bit for bit in used if isinstance(bit, Raw)]
    assert sorted(raws) == [Raw(p, n) for p in range(planes) for n in range(lanes)]
    assert all(p.b is None or p.a is not None for p in positions)
    assert len(tree.total) == tree.sum_bits


@pytest.mark.parametrize(("lanes", "most"), [(64, 2.91), (256, 3.03), (512, 3.03)])
def test_positions_per_mac(lanes, most):
    tree = build(lanes, 2, 1)
    assert 2.0 <= tree.positions / lanes <= most  # each position removes one of two bits a MAC
    assert tree.positions == sum(len(chain) + len(chain) % 2 for chain in tree.chains)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((0, 2), r"^two-tree: needs lanes and planes \(got \(0, 2\)\)$"),
        ((4, 0), r"^two-tree: needs lanes and planes \(got \(4, 0\)\)$"),
        ((4, 2, 0), r"^two-tree: levels_per_stage must be positive \(got 0\)$"),
    ],
)
def test_refuses(args, message):
    with pytest.raises(FoldingError, match=message):
        build(*args)
