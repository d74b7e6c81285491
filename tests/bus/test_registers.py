"""One table of registers: in the document, in C, and in the hardware (test_buses)."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from networks import least_plan, random_graph

from bus import Bus
from bus.registers import REGISTERS, markdown
from fq_hw.passes import lower_graph
from fq_hw.schedule import timing
from sim.handout import Product
from sim.handout.wishbone import c_header

DOCUMENT = Path(__file__).parents[2] / "docs" / "how-to" / "buses.md"
PROGRAM = r"""
#include <stdio.h>
#include "net.h"
static volatile uint32_t words[64];
int main(void)
{
    static const uint8_t pixels[NET_FRAME_BYTES] = {1, 2, 3, 4};
    SCORE scores[NET_CLASS_COUNT];
    uint32_t n;
    words[NET_STATUS / 4] = NET_STATUS_RESULT;
    words[NET_LABEL / 4] = 3;
    for (n = 0; n < NET_CLASS_COUNT * sizeof(SCORE) / 4; n++)
        words[NET_SCORES / 4 + n] = n % (sizeof(SCORE) / 4) ? 0xffffffffu : 0xfffffff0u + n;
    printf("%u", net_classify(words, pixels, scores));
    for (n = 0; n < NET_CLASS_COUNT; n++)
        printf(" %d", (int)scores[n]);
    printf(" %u\n", words[NET_PIXELS / 4]);
    return 0;
}
"""


def test_fields_do_not_overlap():
    for one in REGISTERS:
        bits = [set(range(field.low, field.low + field.bits)) for field in one.fields]
        assert len(set().union(*bits)) == sum(map(len, bits)), one.name
        assert all(max(places) < 32 for places in bits)
    assert [one.offset for one in REGISTERS] == list(range(0, 4 * len(REGISTERS), 4))


def test_the_document_has_the_table():
    assert markdown() in DOCUMENT.read_text()


@pytest.mark.parametrize("score_bits", [24, 40])
def test_c_compiles_and_reads_what_is_there(score_bits, tmp_path):
    """In strict C, without a warning; of memory that plays the registers."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not on PATH: apt install gcc")
    plan = least_plan(lower_graph(random_graph("tiny")), 600)
    *nodes, last = plan.nodes
    wide = replace(last, unit=replace(last.unit, score_bits=score_bits))
    one = Product(
        plan=replace(plan, nodes=(*nodes, wide)),
        schedule=timing.simulate(plan),
        top="net",
        bus=Bus(kind="wishbone"),
    )
    (tmp_path / "net.h").write_text(c_header(one))
    (tmp_path / "main.c").write_text(PROGRAM)
    score = "int32_t" if score_bits == 24 else "int64_t"
    words = ["gcc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", f"-DSCORE={score}"]
    subprocess.run([*words, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    said = subprocess.run([tmp_path / "main"], check=True, capture_output=True, text=True).stdout
    step = 1 if score_bits == 24 else 2
    assert said.split() == ["3", *(str(step * n - 16) for n in range(4)), "0"]
