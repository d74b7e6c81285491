"""A design with plain streams: what its ports mean, an instance, and a bench with one image."""

from __future__ import annotations

import numpy as np

from fq_hw.schedule.units import ResultKind
from sim.handout.commands import commands
from sim.handout.product import Product
from sim.results import result_beats

__all__ = ["bench", "expected", "instance", "ports", "speed"]

SCORE, LABEL, NEXT = (int(kind) for kind in ResultKind)


def ports(product: Product) -> list[str]:
    """What the ports mean."""
    height, width, colours = product.plan.image
    result, data = product.result, f"o_data[{product.result.data_bits - 1}:0]"
    return [
        "clk            every register takes its rising edge",
        "rst            synchronous, high",
        "i_valid        a pixel is offered: in",
        "i_ready        it is taken: out",
        f"{f'i_data[{product.in_bits - 1}:0]':15}a pixel of {colours} bytes, the first colour in "
        f"the lowest byte; an image has {height} rows from the top",
        f"               of {width} pixels from the left, and images follow each other directly",
        f"o_valid        a beat of a result is offered; each image has {result.beats_out:,}: out",
        "o_ready        it is taken: in",
        f"{data:15}a signed number: out",
        "o_kind[1:0]    what it is: out",
        f"               {SCORE}: the score of a class; class 0 comes first, class "
        f"{result.classes - 1} last",
        f"               {LABEL}: the label, which is the class with the highest score; it comes "
        "behind the scores",
        f"               {NEXT}: {following(product)}",
        "o_last         high with the last beat of a result: out",
        "",
        "A beat moves in a cycle in which valid and ready are high. valid never waits for ready;",
        "once it is high, it stays so and all beside it stays the same until the beat is taken.",
    ]


def speed(product: Product) -> list[str]:
    """Cycles."""
    schedule = product.schedule
    return [
        f"cycles per frame: {schedule.interval}",
        f"latency: {schedule.latency} cycles from the first pixel to the result's last beat, "
        "without stalls",
    ]


def instance(product: Product) -> str:
    """The module as it stands in a design around it."""
    top, result = product.top, product.result
    return f"""// To copy: an instance of {top}. Its file's head says what the ports mean.
wire {top}_i_valid, {top}_i_ready;
wire [{product.in_bits - 1}:0] {top}_i_data;
wire {top}_o_valid, {top}_o_ready;
wire signed [{result.data_bits - 1}:0] {top}_o_data;
wire [1:0] {top}_o_kind;  // {SCORE}: a score, {LABEL}: the label, {NEXT}: the next best class
wire {top}_o_last;

{top} {top}_inst (
    .clk(clk), .rst(rst),
    .i_valid({top}_i_valid), .i_ready({top}_i_ready), .i_data({top}_i_data),
    .o_valid({top}_o_valid), .o_ready({top}_o_ready),
    .o_data({top}_o_data), .o_kind({top}_o_kind), .o_last({top}_o_last)
);
"""


def following(product: Product) -> str:
    """What comes behind the label."""
    others = product.result.best - 1
    if not others:
        return "nothing here; with many classes the next best come behind the label"
    return f"the {others} classes with the next highest scores, best first, behind the label"


def expected(product: Product, scores: np.ndarray) -> str:
    """The beats of the result with these scores, a line each: last, kind and data side by side."""
    return "".join(f"{beat:x}\n" for beat in result_beats(scores, product.result))


def bench(product: Product, pixels: str, results: str) -> str:
    """A bench in Verilog-2005 that reads the file ``pixels`` and expects the beats in another."""
    top, result, schedule = product.top, product.result, product.schedule
    height, width, _ = product.plan.image
    limit = 4 * (schedule.latency + schedule.interval) + 1_000
    return f"""// One image through {top}: label and scores must be those of the golden model.
{commands(top, pixels, results)}module {top}_bench;
  localparam PIXELS = {height * width}, RESULTS = {result.beats_out}, LIMIT = {limit};
  localparam DATA = {result.data_bits};

  reg clk, rst, done, good;
  reg [{product.in_bits - 1}:0] pixels[0:PIXELS-1];
  reg [DATA+2:0] results[0:RESULTS-1];  // last, kind, data
  integer cycle, sent, taken;
  wire i_valid = !rst && sent < PIXELS;
  wire i_ready, o_valid, o_last;
  wire signed [DATA-1:0] o_data;
  wire [1:0] o_kind;
  wire [DATA+2:0] wanted = results[taken];
  wire signed [DATA-1:0] number = wanted[DATA-1:0];

  {top} dut (
      .clk(clk), .rst(rst),
      .i_valid(i_valid), .i_ready(i_ready), .i_data(pixels[sent]),
      .o_valid(o_valid), .o_ready(1'b1), .o_data(o_data), .o_kind(o_kind), .o_last(o_last)
  );

  initial begin
    $readmemh("{pixels}", pixels);
    $readmemh("{results}", results);
    clk = 0;
    rst = 1;
    done = 0;
    good = 1;
    cycle = 0;
    sent = 0;
    taken = 0;
    while (!done) #5 clk = !clk;  // the simulation ends when nothing is left to do
  end

  always @(posedge clk) begin
    cycle <= cycle + 1;
    rst <= cycle < 2;
    if (i_valid && i_ready) sent <= sent + 1;
    if (o_valid && !rst) begin
      if (o_kind == {LABEL}) $display("{top}: label %0d in cycle %0d", o_data, cycle);
      if ({{o_last, o_kind, o_data}} !== wanted) begin
        good = 0;
        if (o_kind != {SCORE}) $display("{top}: the class %0d must be %0d", o_data, number);
        else $display("{top}: the score of class %0d is %0d and must be %0d", taken, o_data,
                      number);
      end
      taken <= taken + 1;
      if (o_last || taken == RESULTS - 1) begin
        done <= 1;
        if (good && o_last && taken == RESULTS - 1) $display("{top}: PASS");
        else $display("{top}: FAIL");
      end
    end else if (cycle == LIMIT) begin
      done <= 1;
      $display("{top}: no result in %0d cycles", LIMIT);
      $display("{top}: FAIL");
    end
  end
endmodule
/* verilator lint_restore */
"""
