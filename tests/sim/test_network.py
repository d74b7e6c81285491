"""Whole networks: the emitted Verilog under Verilator against golden model and cycle model."""

from __future__ import annotations

import json

import numpy as np
import pytest
from networks import NETWORKS

from fq_hw import golden
from fq_hw.cli import main
from fq_hw.cli.hardware import hardware_of
from fq_hw.cli.images import load_data
from fq_hw.cli.main import build_parser
from fq_hw.flow import simulate as side_by_side
from fq_hw.flow.hardware import folded_plan
from fq_hw.flow.model import SHIPPED, load_model
from fq_hw.schedule import timing
from sim import network

pytestmark = pytest.mark.verilator

STALLS = {"never": 0, "seldom": 60, "mostly": 220}  # of 256 cycles
every_network = pytest.mark.parametrize("case", sorted(NETWORKS), indirect=True)


@pytest.fixture(scope="module")
def program(case, programs):
    return network.build(case.plan, programs, brief=True)


@every_network
def test_scores_levels_and_cycles(case, program):
    case.assert_as_predicted(program, {op.name for op in case.graph.ops[1:-2]})


@every_network
def test_scores_under_stalls_and_after_a_reset(case, program):
    for into in STALLS.values():
        for out in STALLS.values():
            run = case.run(program, 8, pause_in=into, pause_out=out, seed=into + out + 1)
            case.assert_equal(run)
    free = case.run(program, 4)
    for part in (0.5, 1.0, 2.3):  # while the first frame enters, and with several inside
        run = case.run(program, 4, reset_at=int(free.results[0] * part))
        case.assert_equal(run)
        assert run.results == free.results


@pytest.mark.slow  # `make demo` compares it, too
def test_shipped_network(tmp_path, programs):
    args = build_parser().parse_args(["sim", "--images", "4"])
    model = load_model(SHIPPED)
    graph = model.graph
    plan, split = folded_plan(graph, hardware_of(args).folding(graph)), load_data(args, model)
    program = network.build(plan, programs, brief=True)
    truth = golden.run(graph, split.images)["tail.scores"].reshape(len(split), -1)
    predicted = timing.simulate(plan)

    def simulate(**options) -> network.Run:
        run = network.simulate(
            program, plan, split.images, tmp_path, cycles_per_frame=predicted.interval, **options
        )
        assert (run.scores == truth).all(), options
        assert (run.labels == truth.argmax(axis=1)).all(), options
        return run

    free = simulate()
    assert free.results[: len(predicted.results)] == predicted.results
    assert free.interval == predicted.interval == plan.interval_bound
    for into, out in ((60, 0), (0, 220), (220, 220)):
        simulate(pause_in=into, pause_out=out)
    assert simulate(reset_at=3 * predicted.interval // 2).results == free.results


def test_the_command_compares_every_tensor_of_every_image(tmp_path, programs, monkeypatch, capsys):
    programs.mkdir(parents=True, exist_ok=True)
    (tmp_path / "programs").symlink_to(programs)
    monkeypatch.setattr(side_by_side, "FOLDER", tmp_path)
    # The accuracy of the whole set is `fq-hw golden`'s test.
    monkeypatch.setattr(
        side_by_side, "golden_labels", lambda graph, images: np.zeros(len(images), int)
    )
    command = ["sim", "--images", "10", "--level-images", str(side_by_side.AT_ONCE + 2), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    per_image = 123_050  # of the shipped network
    assert found["levels"] == {"compared": (side_by_side.AT_ONCE + 2) * per_image, "mismatching": 0}
    plain, seen = golden.run, []

    def one_wrong(graph, images):
        tensors = plain(graph, images)
        seen.append(len(images))
        if len(seen) == 2:
            tensors["embedding"][-1, 0, 0, 0] ^= 1
        return tensors

    monkeypatch.setattr(golden, "run", one_wrong)
    assert main(command) == 2
    assert seen == [side_by_side.AT_ONCE, 2]
    assert "the Verilog differs from the golden model in 1 of its values" in capsys.readouterr().err
