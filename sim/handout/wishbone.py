"""A design with Wishbone ports: what they mean, an instance, C, and a bench with one image."""

from __future__ import annotations

import numpy as np

from bus import registers
from bus.registers import REGISTERS
from bus.words import result_words
from sim.handout.commands import commands
from sim.handout.product import Product

__all__ = ["bench", "c_header", "expected", "instance", "ports", "speed"]


def ports(product: Product) -> list[str]:
    """What the ports mean."""
    geometry = product.geometry
    height, width, colours = product.plan.image
    bits = registers.address_bits(geometry)
    return [
        "wb_clk_i       every register takes its rising edge",
        "wb_rst_i       synchronous, high",
        f"wb_adr_i       counts words: bits [{bits + 1}:2] of a byte's address; the registers take "
        f"{4 << bits} bytes",
        "wb_cyc_i, wb_stb_i, wb_we_i, wb_sel_i, wb_dat_i, wb_dat_o, wb_ack_o, wb_err_o",
        "               a slave of Wishbone B4, classic cycles, 32 bits; a write whose sel is not "
        "all ones",
        "               changes nothing and ends with err",
        "irq_o          high while a result is there, where CONTROL.IRQ_ENABLE is set",
        "",
        f"A frame is {geometry.frame_words:,} words, {geometry.frame_bytes:,} bytes: {height} rows "
        f"from the top of {width} pixels from the left,",
        f"of {colours} colours each. Write it to PIXELS, wait for STATUS.RESULT or irq_o, read "
        "LABEL and SCORES,",
        "and write 1 to STATUS.RESULT. The next frame may be written while this one is computed.",
        "",
        *registers.lines(),
    ]


def speed(product: Product) -> list[str]:
    """Cycles."""
    schedule, words = product.schedule, product.geometry.frame_words
    return [
        f"cycles per frame of the accelerator: {schedule.interval}; on the bus {2 * words:,} "
        "for a frame's words",
    ]


def instance(product: Product) -> str:
    """The module as it stands in a design around it."""
    top, bits = product.top, registers.address_bits(product.geometry)
    return f"""// To copy: an instance of {top}. Its file's head says what the ports mean.
wire [{bits - 1}:0] {top}_adr;  // of words
wire [31:0] {top}_dat_w, {top}_dat_r;
wire [3:0] {top}_sel;
wire {top}_cyc, {top}_stb, {top}_we, {top}_ack, {top}_err, {top}_irq;

{top} {top}_inst (
    .wb_clk_i(clk), .wb_rst_i(rst),
    .wb_cyc_i({top}_cyc), .wb_stb_i({top}_stb), .wb_we_i({top}_we),
    .wb_adr_i({top}_adr), .wb_sel_i({top}_sel), .wb_dat_i({top}_dat_w),
    .wb_dat_o({top}_dat_r), .wb_ack_o({top}_ack), .wb_err_o({top}_err), .irq_o({top}_irq)
);
"""


def c_header(product: Product) -> str:
    """Offsets, masks and sizes for C, and a function that classifies an image."""
    top, name, geometry = product.top, product.top.upper(), product.geometry
    score = f"int{geometry.field_bits}_t"
    rows = []
    for one in REGISTERS:
        about = f"  /* {one.access}: {one.about} */" if one.about else f"  /* {one.access} */"
        rows.append(f"#define {name}_{one.name} 0x{one.offset:02x}u{about}")
        for field in one.fields:
            mask = ((1 << field.bits) - 1) << field.low
            rows.append(
                f"#define {name}_{one.name}_{field.name} 0x{mask:08x}u  /* {field.about} */"
            )
    best = registers.best_offset(geometry)
    last = geometry.field_bits // 32
    read = f"({score})(word[{name}_SCORES / 4 + n])"
    if last == 2:
        low = f"word[{name}_SCORES / 4 + 2 * n]"
        high = f"word[{name}_SCORES / 4 + 2 * n + 1]"
        read = f"({score})((uint64_t){high} << 32 | {low})"
    lines = "\n".join(rows)
    return f"""/* The registers of {top}, made by fq-hw: offsets in bytes, masks of fields. */
#ifndef {name}_H
#define {name}_H

#include <stdint.h>

{lines}

#define {name}_ID_VALUE 0x{registers.ID:08x}u
#define {name}_VERSION_VALUE {registers.VERSION}u
#define {name}_FRAME_BYTES {geometry.frame_bytes}u
#define {name}_CLASS_COUNT {geometry.classes}u
#define {name}_BEST_COUNT {geometry.best}u
#define {name}_BEST 0x{best:02x}u  /* the best classes, best first: the first is the label */

/* Shows a frame to the accelerator whose registers begin at `word`, waits for its result, fills
   `scores`, which has room for {name}_CLASS_COUNT of them, and returns the label. */
static inline uint32_t {top}_classify(volatile uint32_t *word, const uint8_t *pixels,
    {score} *scores)
{{
    uint32_t n, label;

    for (n = 0; n < {name}_FRAME_BYTES; n += 4) {{
        uint32_t value = 0, byte;
        for (byte = 0; byte < 4 && n + byte < {name}_FRAME_BYTES; byte++)
            value |= (uint32_t)pixels[n + byte] << 8 * byte;
        word[{name}_PIXELS / 4] = value;
    }}
    while (!(word[{name}_STATUS / 4] & {name}_STATUS_RESULT))
        ;
    label = word[{name}_LABEL / 4];
    for (n = 0; n < {name}_CLASS_COUNT; n++)
        scores[n] = {read};
    word[{name}_STATUS / 4] = {name}_STATUS_RESULT;
    return label;
}}

#endif
"""


def expected(product: Product, scores: np.ndarray) -> str:
    """The words of the result with these scores, a line each."""
    return "".join(f"{word:x}\n" for word in result_words(scores, product.geometry))


def bench(product: Product, words: str, results: str) -> str:
    """A bench in Verilog-2005 that reads the file ``words`` and expects the words in another."""
    top, geometry, schedule = product.top, product.geometry, product.schedule
    at = {one.name: one.offset // 4 for one in REGISTERS}
    bits, per = registers.address_bits(geometry), geometry.pieces
    upper = ""
    if per == 2:
        upper = """      number[63:32] = results[2 * n + 1];
      access(SCORES + 2 * n + 1, 0, 0);
      score[63:32] = found;
"""
    words_moved = geometry.frame_words + geometry.result_words
    limit = 4 * (schedule.latency + schedule.interval + words_moved) + 1_000
    return f"""// One image through {top}: label and scores must be those of the golden model.
{commands(top, words, results)}module {top}_bench;
  localparam WORDS = {geometry.frame_words}, LIMIT = {limit}, CLASSES = {geometry.classes};
  localparam FIELD = {geometry.field_bits}, BEST = {geometry.best}, SCORES = {at["SCORES"]};

  reg clk, rst, done, good;
  reg [31:0] words[0:WORDS-1];
  reg [31:0] results[0:{geometry.result_words - 1}];
  integer cycle, n;
  reg cyc, we;
  reg [{bits - 1}:0] adr;
  reg [31:0] dat_w, found;
  reg signed [FIELD-1:0] score, number;
  wire [31:0] dat_r;
  wire ack, err, irq;

  {top} dut (
      .wb_clk_i(clk), .wb_rst_i(rst),
      .wb_cyc_i(cyc), .wb_stb_i(cyc), .wb_we_i(we), .wb_adr_i(adr), .wb_sel_i(4'hf),
      .wb_dat_i(dat_w), .wb_dat_o(dat_r), .wb_ack_o(ack), .wb_err_o(err), .irq_o(irq)
  );

  task access(input [{bits - 1}:0] where, input writing, input [31:0] value);
    begin
      cyc <= 1;
      we <= writing;
      adr <= where;
      dat_w <= value;
      @(posedge clk);
      while (!ack && !done) @(posedge clk);
      found = dat_r;
      cyc <= 0;
      @(posedge clk);
    end
  endtask

  task compare(input [31:0] is, input [31:0] must);
    if (is !== must) begin
      good = 0;
      $display("{top}: %0d must be %0d", $signed(is), $signed(must));
    end
  endtask

  initial begin
    $readmemh("{words}", words);
    $readmemh("{results}", results);
    clk = 0;
    rst = 1;
    done = 0;
    cycle = 0;
    while (!done) #5 clk = !clk;  // the simulation ends when nothing is left to do
  end

  initial begin
    cyc = 0;
    we = 0;
    good = 1;
    repeat (4) @(posedge clk);
    rst <= 0;
    access({at["ID"]}, 0, 0);
    compare(found, 32'h{registers.ID:08x});
    access({at["CONTROL"]}, 1, 32'h2);  // the interrupt
    for (n = 0; n < WORDS; n = n + 1) access({at["PIXELS"]}, 1, words[n]);
    while (!irq && !done) @(posedge clk);
    access({at["LABEL"]}, 0, 0);
    $display("{top}: label %0d in cycle %0d", found, cycle);
    compare(found, results[{per} * CLASSES]);
    for (n = 0; n < CLASSES + BEST; n = n + 1) begin
      number[31:0] = results[{per} * n];
      access(SCORES + {per} * n, 0, 0);
      score[31:0] = found;
{upper}      if (score !== number && n < CLASSES)
        $display("{top}: the score of class %0d is %0d and must be %0d", n, score, number);
      good = good && score === number;
    end
    access({at["STATUS"]}, 1, 1);
    if (irq) $display("{top}: a result was taken, and the interrupt is still high");
    if (good && !irq && !done) $display("{top}: PASS");
    else $display("{top}: FAIL");
    done = 1;
  end

  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == LIMIT && !done) begin
      $display("{top}: no result in %0d cycles", LIMIT);
      done = 1;
    end
  end
endmodule
/* verilator lint_restore */
"""
