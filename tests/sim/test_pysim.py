"""The replay can fail: a component that breaks a rule is named, with the beat."""

import pytest
from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.errors import SimulationError
from sim import pysim
from sim.vectors import Vectors

BEATS = tuple(range(1, 7))
VECTORS = Vectors(i={"i": BEATS}, o={"o": BEATS})


class Wire(wiring.Component):
    """A stream handed on in the same cycle, but for the one rule that ``fault`` breaks."""

    i: In(stream.Signature(4))
    o: Out(stream.Signature(4))

    def __init__(self, fault: str):
        self.fault = fault
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        i, o, cycle, count = self.i, self.o, Signal(8), Signal(8)
        m.d.sync += [cycle.eq(cycle + 1), count.eq(count + (o.valid & o.ready))]
        m.d.comb += [
            o.valid.eq(i.valid), i.ready.eq(o.ready), o.payload.eq(i.payload),
        ]  # fmt: skip
        statement = {
            "none": [],
            "withdraws": [o.valid.eq(i.valid & cycle[0])],
            "changes": [o.payload.eq(i.payload ^ (cycle[0] & ~o.ready))],
            "alters": [o.payload.eq(i.payload ^ (count == 3))],
            "repeats": [i.ready.eq(o.ready & (count != 2))],
            "loses": [o.valid.eq(i.valid & (count != 2)), i.ready.eq(o.ready | (count == 2))],
            "invents": [o.valid.eq(i.valid | (count == 6))],
            "waits": [o.valid.eq(i.valid & o.ready)],
            "stops": [o.valid.eq(i.valid & (count < 4)), i.ready.eq(o.ready & (count < 4))],
        }[self.fault]
        m.d.comb += statement
        return m


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("withdraws", r"^o beat 0: valid must hold until taken \(got 0\)$"),
        ("changes", r"^o beat 0: (must be 1|payload must hold until taken) \(got 0\)$"),
        ("alters", r"^o beat 3: must be 4 \(got 5\)$"),
        ("repeats", r"^o beat 3: must be 4 \(got 3\)$"),
        ("loses", r"must"),
        ("invents", r"^o beat 6: must be no beat \(got \d+\)$"),
        ("stops", r"^i: all 6 beats must move in 980 cycles \(got 4\)$"),
    ],
)
def test_sees_the_fault(fault, message):
    with pytest.raises(SimulationError, match=message):
        pysim.replay(Wire(fault), VECTORS, ("never", "regular"))


def test_passes_what_is_sound():
    assert pysim.replay(Wire("none"), VECTORS) == {"i": [0, 1, 2, 3, 4, 5], "o": [0, 1, 2, 3, 4, 5]}


@pytest.mark.parametrize(("fault", "offered"), [("none", 1), ("waits", 0)])
def test_sees_a_valid_that_waits_for_ready(fault, offered):
    assert pysim.block(Wire(fault), VECTORS) == {"i": 0, "o": offered}
