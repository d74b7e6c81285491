"""Where block RAMs lie: all at once and for short wires, before nextpnr places the rest.

nextpnr's placers put one block RAM after the other into the nearest site that is still free. Where
few sites are left over, the last ones go across the chip: for a network that has 206 of 208, wires
are twice as long after that step as before it, and no router ends.

A placement of the whole design says where its block RAMs want to be. It is found as SimPL does
(Kim, Lee, Markov 2012): in turns the quadratic optimum for nets that pull at their ends (bound to
bound; Spindler, Schlichtmann, Johannes 2008) and a spread form of it, which halves areas again and
again; each next optimum is drawn towards the last spread form, the harder the later. Block RAMs are
spread by giving each a site of its own, with the shortest ways altogether. Their sites are kept.

Sums are in a fixed order: the same netlist gives the same sites.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix

from boards import netlist
from boards.board import Capacity

__all__ = ["Nets", "place_block_rams", "places"]

RAMS = ("DP16KD", "PDPW16KD")
AREA = {"LUT4": 1.0, "CCU2C": 2.0, "TRELLIS_DPR16X4": 6.0, "TRELLIS_FF": 0.3}  # of LUT4
SMALLEST = 1e-6  # area of what takes none
WIDEST = 300  # cells on a net beyond which it is a clock or an enable, and pulls nowhere
ROUNDS = 110
PULL, GROWTH = 0.01, 1.03  # towards the spread form: of the first round, by which it grows
RAM_PULL = 10  # times that
NEAR = 1.0  # tiles below which a distance counts as that
BIN = 2.5  # tiles: no smaller area is halved
SOLVED, STEPS = 1e-4, 200  # of conjugate gradients: relative error, most steps


@dataclass(frozen=True, eq=False)
class Nets:
    """A netlist as nodes: every cell one, but a carry chain, which lies in one piece.

    area   of each node, in LUT4
    rams   by name of a block RAM, its node
    pins   nodes on the nets, net after net; ``degree`` of them on each
    """

    area: np.ndarray
    rams: Mapping[str, int]
    pins: np.ndarray
    degree: np.ndarray

    @classmethod
    def of(cls, cells: Mapping[str, Mapping]) -> Nets:
        """The nodes of Yosys's ``cells``, by name."""
        heads = chains(cells)
        numbers: dict[str, int] = {}
        area: dict[int, float] = defaultdict(float)
        ends: dict[int, dict[int, None]] = defaultdict(dict)
        rams = {}
        for name, cell in cells.items():
            node = numbers.setdefault(heads.get(name, name), len(numbers))
            area[node] += AREA.get(cell["type"], 0.0)
            if cell["type"] in RAMS:
                rams[name] = node
            for bits in cell["connections"].values():
                for bit in bits:
                    if isinstance(bit, int):
                        ends[bit][node] = None
        nets = [list(nodes) for nodes in ends.values() if 2 <= len(nodes) <= WIDEST]
        return cls(
            area=np.array([area[node] for node in range(len(numbers))]) + SMALLEST,
            rams=rams,
            pins=np.array([node for net in nets for node in net], int),
            degree=np.array([len(net) for net in nets], int),
        )

    @property
    def starts(self) -> np.ndarray:
        """Where each net begins among ``pins``."""
        return np.cumsum(self.degree) - self.degree


def chains(cells: Mapping[str, Mapping]) -> dict[str, str]:
    """By carry cell, the first of its chain."""
    carries = {n: cell["connections"] for n, cell in cells.items() if cell["type"] == "CCU2C"}
    drivers = {
        into["COUT"][0]: n for n, into in carries.items() if isinstance(into["COUT"][0], int)
    }
    heads: dict[str, str] = {}
    for name in carries:
        chain, before = [name], drivers.get(carries[name]["CIN"][0])
        while before and before not in heads:
            chain.append(before)
            before = drivers.get(carries[before]["CIN"][0])
        heads.update(dict.fromkeys(chain, heads[before] if before else chain[-1]))
    return heads


def pulls(nets: Nets, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Springs of one dimension: pairs of nodes and how hard; every end of a net to its outermost.

    They pull together as the net is long with nodes at ``x``.
    """
    starts, degree = nets.starts, nets.degree
    net = np.repeat(np.arange(len(degree)), degree)
    pins = nets.pins[np.lexsort((x[nets.pins], net))]
    outer = np.zeros(len(pins), bool)
    outer[starts] = True
    low, high = pins[starts], pins[starts + degree - 1]
    to_low = ~outer
    outer[starts + degree - 1] = True
    to_high = ~outer
    one = np.concatenate((pins[to_low], pins[to_high]))
    other = np.concatenate((low[net[to_low]], high[net[to_high]]))
    share = 1.0 / (degree - 1)
    share = np.concatenate((share[net[to_low]], share[net[to_high]]))
    return one, other, share / np.maximum(np.abs(x[one] - x[other]), NEAR)


def optimum(nets: Nets, x: np.ndarray, target: np.ndarray, pull: np.ndarray) -> np.ndarray:
    """Where nets rest that ``pull`` each node to its ``target``, in one dimension, from ``x``."""
    one, other, hard = pulls(nets, x)
    count = len(x)
    diagonal = np.bincount(one, hard, count) + np.bincount(other, hard, count) + pull
    rows, columns = np.concatenate((one, other)), np.concatenate((other, one))
    off = coo_matrix((np.concatenate((hard, hard)), (rows, columns)), (count, count)).tocsr()
    return conjugate_gradients(lambda v: diagonal * v - off @ v, pull * target, x, diagonal)


def conjugate_gradients(
    apply: Callable[[np.ndarray], np.ndarray], right: np.ndarray, x: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Solve apply(x) = right; BLAS is not asked, whose sums differ between machines."""
    rest = right - apply(x)
    enough = SOLVED**2 * np.add.reduce(right * right)
    way = scaled = rest / scale
    worth = np.add.reduce(rest * scaled)
    for _ in range(STEPS):
        if np.add.reduce(rest * rest) <= enough:
            break
        along = apply(way)
        step = worth / np.add.reduce(way * along)
        x, rest = x + step * way, rest - step * along
        scaled = rest / scale
        worth, before = np.add.reduce(rest * scaled), worth
        way = scaled + worth / before * way
    return x


def spread(area: np.ndarray, x: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Nodes in the same order as at ``x``, but as dense in every part of the ``grid``.

    An area is cut in half across its longer side, and its nodes where half of theirs is reached.
    """
    part = np.zeros(len(x), int)
    boxes = np.array([[0.0, 0.0, *grid]])
    while (sides := boxes[0, 2:] - boxes[0, :2]).max() > BIN:
        along = int(sides[1] > sides[0])
        part = 2 * part + (reached(area, x[:, along], part, len(boxes)) > 0.5)
        middle = (boxes[:, along] + boxes[:, along + 2]) / 2
        boxes = np.repeat(boxes, 2, axis=0)
        boxes[0::2, along + 2] = boxes[1::2, along] = middle
    corner = boxes[part, :2]
    shares = [reached(area, x[:, along], part, len(boxes)) for along in (0, 1)]
    return corner + np.stack(shares, axis=1) * (boxes[part, 2:] - corner)


def reached(area: np.ndarray, x: np.ndarray, part: np.ndarray, parts: int) -> np.ndarray:
    """Of the area of its ``part``, how much lies below the middle of each node, by ``x``."""
    order = np.lexsort((x, part))
    ordered, where = area[order], part[order]
    total = np.bincount(where, ordered, parts)
    below = np.cumsum(ordered) - ordered / 2 - (np.cumsum(total) - total)[where]
    share = np.empty(len(x))
    share[order] = below / total[where]
    return share


def places(
    nets: Nets,
    sites: Sequence[tuple[int, int]],
    grid: tuple[int, int],
) -> dict[str, int]:
    """By block RAM, which of ``sites`` (column, row) it has, on a chip of ``grid`` tiles."""
    rams, at = np.array([*nets.rams.values()], int), np.array(sites, float)
    middle = np.array(grid) / 2
    x = np.random.default_rng(1).uniform(0.8 * middle, 1.2 * middle, (len(nets.area), 2))
    target, pull = np.tile(middle, (len(x), 1)), np.full(x.shape, NEAR * 1e-4)
    taken = np.zeros(len(rams), int)
    for done in range(ROUNDS + 1):
        x = np.stack([optimum(nets, x[:, n], target[:, n], pull[:, n]) for n in (0, 1)], axis=1)
        target = spread(nets.area, x, grid)
        ways = np.abs(x[rams, None] - at).sum(axis=2)
        taken = linear_sum_assignment(ways)[1]
        target[rams] = at[taken]
        pull = PULL * (done + 1) * GROWTH**done / np.maximum(np.abs(x - target), NEAR)
        pull[rams] *= RAM_PULL
    return dict(zip(nets.rams, map(int, taken), strict=True))


def place_block_rams(path: Path, capacity: Capacity) -> None:
    """Give each block RAM of the JSON netlist ``path``, which is written anew, its site.

    Nothing is changed where the device's sites are not known, or are too few: nextpnr says so.
    """
    design = netlist.read(path)
    for module in design["modules"].values():
        nets = Nets.of(module["cells"])
        if not 0 < len(nets.rams) <= len(capacity.ebr_sites) or not capacity.grid:
            continue
        at = [(column, row) for column, row, _ in capacity.ebr_sites]
        for name, index in places(nets, at, capacity.grid).items():
            column, row, number = capacity.ebr_sites[index]
            module["cells"][name]["attributes"]["BEL"] = f"X{column}/Y{row}/EBR{number}"
    netlist.write(path, design)
