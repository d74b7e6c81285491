"""A design with plain streams: what its ports mean, an instance, and a bench with one image."""

from __future__ import annotations

import numpy as np

from sim.handout.commands import commands
from sim.handout.product import Product
from sim.vectors import pack

__all__ = ["bench", "instance", "ports", "speed"]


def ports(product: Product) -> list[str]:
    """What the ports mean."""
    height, width, colours = product.plan.image
    result, last = product.result, product.result.classes - 1
    return [
        "clk            every register takes its rising edge",
        "rst            synchronous, high",
        "i_valid        a pixel is offered: in",
        "i_ready        it is taken: out",
        f"{f'i_data[{product.in_bits - 1}:0]':15}a pixel of {colours} bytes, the first colour in "
        f"the lowest byte; an image has {height} rows from the top",
        f"               of {width} pixels from the left, and images follow each other directly",
        "o_valid        a result is offered, one for each image: out",
        "o_ready        it is taken: in",
        f"{f'o_data[{result.result_bits - 1}:0]':15}label in o_data[{result.label_bits - 1}:0], "
        f"then a signed score of {result.score_bits} bits for each",
        f"               class: class 0 in {product.field(0)}, class {last} in "
        f"{product.field(last)}",
        "",
        "A beat moves in a cycle in which valid and ready are high. valid never waits for ready;",
        "once it is high, it stays so and data stay the same until the beat is taken.",
    ]


def speed(product: Product) -> list[str]:
    """Cycles."""
    schedule = product.schedule
    return [
        f"cycles per frame: {schedule.interval}",
        f"latency: {schedule.latency} cycles from the first pixel to the result, without stalls",
    ]


def instance(product: Product) -> str:
    """The module as it stands in a design around it."""
    top, result = product.top, product.result
    return f"""// To copy: an instance of {top}. Its file's head says what the ports mean.
wire {top}_i_valid, {top}_i_ready;
wire [{product.in_bits - 1}:0] {top}_i_data;
wire {top}_o_valid, {top}_o_ready;
wire [{result.result_bits - 1}:0] {top}_o_data;
wire [{result.label_bits - 1}:0] {top}_label = {top}_o_data[{result.label_bits - 1}:0];

{top} {top}_inst (
    .clk(clk), .rst(rst),
    .i_valid({top}_i_valid), .i_ready({top}_i_ready), .i_data({top}_i_data),
    .o_valid({top}_o_valid), .o_ready({top}_o_ready), .o_data({top}_o_data)
);
"""


def bench(product: Product, pixels: str, label: int, scores: np.ndarray) -> str:
    """A bench in Verilog-2005 that reads the file ``pixels`` and expects ``label``, ``scores``."""
    top, result, schedule = product.top, product.result, product.schedule
    height, width, _ = product.plan.image
    (packed,) = pack(scores.reshape(1, -1), result.score_bits)
    expected = int(label) | packed << result.label_bits
    limit = 4 * (schedule.latency + schedule.interval) + 1_000
    return f"""// One image through {top}: label and scores must be those of the golden model.
{commands(top, pixels)}module {top}_bench;
  localparam PIXELS = {height * width}, LIMIT = {limit}, CLASSES = {result.classes};
  localparam LABEL = {result.label_bits}, SCORE = {result.score_bits};
  localparam [{result.result_bits - 1}:0] EXPECTED = {result.result_bits}'h{expected:x};

  reg clk, rst, done;
  reg [{product.in_bits - 1}:0] pixels[0:PIXELS-1];
  integer cycle, sent, n;
  wire i_valid = !rst && sent < PIXELS;
  wire i_ready, o_valid;
  wire [{result.result_bits - 1}:0] o_data;

  {top} dut (
      .clk(clk), .rst(rst),
      .i_valid(i_valid), .i_ready(i_ready), .i_data(pixels[sent]),
      .o_valid(o_valid), .o_ready(1'b1), .o_data(o_data)
  );

  initial begin
    $readmemh("{pixels}", pixels);
    clk = 0;
    rst = 1;
    done = 0;
    cycle = 0;
    sent = 0;
    while (!done) #5 clk = !clk;  // the simulation ends when nothing is left to do
  end

  always @(posedge clk) begin
    cycle <= cycle + 1;
    rst <= cycle < 2;
    if (i_valid && i_ready) sent <= sent + 1;
    if (o_valid && !rst) begin
      done <= 1;
      $display("{top}: label %0d in cycle %0d", o_data[LABEL-1:0], cycle);
      if (o_data[LABEL-1:0] !== EXPECTED[LABEL-1:0])
        $display("{top}: the label must be %0d", EXPECTED[LABEL-1:0]);
      for (n = 0; n < CLASSES; n = n + 1)
        if (o_data[LABEL+n*SCORE+:SCORE] !== EXPECTED[LABEL+n*SCORE+:SCORE])
          $display("{top}: the score of class %0d is %0d and must be %0d", n,
                   $signed(o_data[LABEL+n*SCORE+:SCORE]),
                   $signed(EXPECTED[LABEL+n*SCORE+:SCORE]));
      if (o_data === EXPECTED) $display("{top}: PASS");
      else $display("{top}: FAIL");
    end else if (cycle == LIMIT) begin
      done <= 1;
      $display("{top}: no result in %0d cycles", LIMIT);
      $display("{top}: FAIL");
    end
  end
endmodule
/* verilator lint_restore */
"""
