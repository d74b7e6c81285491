"""The host's link on a line with faults: frames come right or are refused."""

from collections import Counter

import pytest
from cores import SumCore, answer, sum_info
from serial_line import CLOCK_HZ, SimulatedPort

from boards.serial_link import SerialLink
from boards.shell import Shell
from faults.line import BUSY, COUNT, KINDS, RECOVERED_S, checks, model_run, run


def outcomes(found) -> tuple[Counter, Counter]:
    """What became of the frames with a fault, and of those after them."""
    rows = list(found)
    return Counter(word for row in rows for word in row.became), Counter(row.after for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_no_frame_takes_the_answer_of_another(kind):
    rows = list(model_run(8, 1, kinds=[kind]))
    became, after = outcomes(rows)
    assert not became["wrong"] and after == {"right": 8}
    assert max(row.after_s for row in rows) <= RECOVERED_S


def test_faults_of_all_kinds_one_after_the_other():
    became, after = outcomes(model_run(3 * len(KINDS), 2))
    assert set(after) == {"right"} and set(became) == {"right", "refused", "interrupted"}
    assert min(became.values()) > 3


def test_a_port_that_can_but_read_and_write():
    became, after = outcomes(model_run(3 * len(KINDS), 3, bare=True))
    assert not became["wrong"] and after["right"] >= 3 * len(KINDS) - 1 and not after["wrong"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_more_frames_than_numbers(seed):
    assert [told for told in checks(COUNT, seed) if told[1]] == []
    became, after = outcomes(model_run(COUNT, seed, bare=True))
    assert not became["wrong"] and not after["wrong"] and after["right"] >= COUNT - 10


DIVISOR, PIXELS = 4, 6
PINS_IDLE_S = 30 * 10 * DIVISOR / CLOCK_HZ  # a refusal (12 bytes) must come in half of it
ON_PINS = [kind for kind in KINDS if kind not in (*BUSY, "restart")]


class Pins(SimulatedPort):
    """The pins of the shell in Amaranth's simulator."""

    def __init__(self):
        shell = Shell(
            SumCore(PIXELS, 1),
            info=sum_info(PIXELS, 1),
            link=SerialLink(clock_hz=CLOCK_HZ, baud=CLOCK_HZ / DIVISOR, idle_s=PINS_IDLE_S),
        )
        super().__init__(shell, DIVISOR, timeout_s=PINS_IDLE_S)

    def reset_input_buffer(self) -> None:
        self._received.clear()

    def put(self, byte: None) -> None:
        self.write_bits([0] * 12 + [1])


def pins_run(count: int, seed: int, kinds):
    def truth(frame: bytes):
        result = answer(frame, 1)
        return result.label, result.scores

    return run(
        Pins(), count, seed=seed, truth=truth, frame_bytes=PIXELS, reply_bytes=22,
        idle_s=PINS_IDLE_S, kinds=kinds,
    )  # fmt: skip


def test_the_shell_does_as_the_model():
    kinds = ["request interrupt", "reply flipped", "stale"]
    became, after = outcomes(pins_run(len(kinds), 4, kinds))
    assert not became["wrong"] and after == {"right": len(kinds)}


@pytest.mark.slow
def test_the_shell_does_as_the_model_with_every_fault():
    became, after = outcomes(pins_run(2 * len(ON_PINS), 5, ON_PINS))
    assert not became["wrong"] and set(after) == {"right"}
