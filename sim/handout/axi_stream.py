"""A design with AXI4-Stream ports: what they mean, an instance, and a bench with one image."""

from __future__ import annotations

import numpy as np

from bus.geometry import Geometry
from bus.words import result_words
from sim.handout.commands import commands
from sim.handout.product import Product

__all__ = ["bench", "expected", "instance", "ports", "speed"]


def ports(product: Product) -> list[str]:
    """What the ports mean."""
    geometry = product.geometry
    height, width, colours = product.plan.image
    field, best = geometry.field_bits, "the label"
    if geometry.best > 1:
        best = f"the {geometry.best} best classes, of which the first is the label"
    return [
        "aclk           every register takes its rising edge",
        "aresetn        synchronous, low",
        f"s_axis_tdata   {geometry.in_bits} bits: frames; a frame is {geometry.frame_words:,} "
        f"beats, {geometry.frame_bytes:,} bytes, the first in the lowest bits:",
        f"               {height} rows from the top of {width} pixels from the left, of {colours} "
        "colours each; what is left of",
        "               its last beat is ignored",
        "s_axis_tlast   frames are counted, so a packet may hold several of them. Where it ends "
        "inside a frame, the beats",
        "               that are missing count as 0, and the next packet begins a frame",
        f"m_axis_tdata   {geometry.out_bits} bits: results, one for each frame; a result is "
        f"{geometry.result_words:,} beats:",
        f"               {geometry.classes + geometry.best:,} signed integers of {field} bits, the "
        f"score of each class, then {best}, in the",
        "               order of memory, lowest byte first; what is left of its last beat is 0",
        "m_axis_tlast   with the last beat of a result",
        "m_axis_tuser   high with all beats of a result whose frame was not whole",
        "",
        "As AMBA 4 AXI4-Stream has it; tkeep, tstrb, tid and tdest are left out, all bytes count.",
    ]


def speed(product: Product) -> list[str]:
    """Cycles."""
    schedule, geometry, result = product.schedule, product.geometry, product.result
    beats = max(geometry.frame_words, result.beats + (geometry.pieces - 1) * result.beats_out)
    lines = [f"cycles per frame: {max(schedule.interval, beats)}"]
    if beats > schedule.interval:
        lines.append(f"  those of its beats; the accelerator needs {schedule.interval}")
    if geometry.in_bits < 8 * geometry.colours or geometry.pieces > 1:
        return lines
    latency = schedule.latency + 1 + (geometry.out_bits > geometry.field_bits)
    said = f"latency: {latency} cycles from a frame's first beat to its result's last, without"
    return [*lines, f"{said} stalls"]


def instance(product: Product) -> str:
    """The module as it stands in a design around it."""
    top, geometry = product.top, product.geometry
    return f"""// To copy: an instance of {top}. Its file's head says what the ports mean.
wire [{geometry.in_bits - 1}:0] {top}_s_axis_tdata;
wire {top}_s_axis_tvalid, {top}_s_axis_tready, {top}_s_axis_tlast;
wire [{geometry.out_bits - 1}:0] {top}_m_axis_tdata;
wire {top}_m_axis_tvalid, {top}_m_axis_tready, {top}_m_axis_tlast, {top}_m_axis_tuser;

{top} {top}_inst (
    .aclk(aclk), .aresetn(aresetn),
    .s_axis_tdata({top}_s_axis_tdata), .s_axis_tvalid({top}_s_axis_tvalid),
    .s_axis_tready({top}_s_axis_tready), .s_axis_tlast({top}_s_axis_tlast),
    .m_axis_tdata({top}_m_axis_tdata), .m_axis_tvalid({top}_m_axis_tvalid),
    .m_axis_tready({top}_m_axis_tready), .m_axis_tlast({top}_m_axis_tlast),
    .m_axis_tuser({top}_m_axis_tuser)
);
"""


def expected(product: Product, scores: np.ndarray) -> str:
    """The words of the result with these scores, a line each."""
    return "".join(f"{word:x}\n" for word in result_words(scores, product.geometry))


def shown(top: str, geometry: Geometry) -> str:
    """Verilog that shows the label, and what is wrong in the beat ``taken``."""
    label, per = geometry.classes, max(geometry.out_bits // geometry.field_bits, 1)
    lines = []
    for place in range(per if geometry.pieces == 1 else 0):
        number, at = f"taken * {per} + {place}", f"{place * geometry.field_bits}+:FIELD"
        if label % per == place:
            lines += [
                f"if (taken == {label // per})",
                f'  $display("{top}: label %0d in cycle %0d", o_data[{at}], cycle);',
            ]
        lines += [
            f"if (o_data[{at}] !== wanted[{at}] && {number} < CLASSES)",
            f'  $display("{top}: the score of class %0d is %0d and must be %0d", {number},',
            f"           $signed(o_data[{at}]), $signed(wanted[{at}]));",
        ]
    return "".join(f"      {line}\n" for line in lines)


def bench(product: Product, words: str, results: str) -> str:
    """A bench in Verilog-2005 that reads the file ``words`` and expects the beats in another."""
    top, geometry, schedule = product.top, product.geometry, product.schedule
    beats = geometry.result_words
    limit = 4 * (schedule.latency + schedule.interval) + geometry.frame_words + 10 * beats + 1_000
    return f"""// One image through {top}: label and scores must be those of the golden model.
{commands(top, words, results)}module {top}_bench;
  localparam BEATS = {geometry.frame_words}, LIMIT = {limit}, CLASSES = {geometry.classes};
  localparam IN = {geometry.in_bits}, OUT = {geometry.out_bits}, FIELD = {geometry.field_bits};
  localparam RESULTS = {beats};

  reg clk, rst, done, good;
  reg [IN-1:0] words[0:BEATS-1];
  reg [OUT-1:0] results[0:RESULTS-1];
  integer cycle, sent, taken;
  wire i_valid = !rst && sent < BEATS;
  wire i_ready, o_valid, o_last, o_user;
  wire [OUT-1:0] o_data;
  wire [OUT-1:0] wanted = results[taken];

  {top} dut (
      .aclk(clk), .aresetn(!rst),
      .s_axis_tdata(words[sent]), .s_axis_tvalid(i_valid), .s_axis_tready(i_ready),
      .s_axis_tlast(sent == BEATS - 1),
      .m_axis_tdata(o_data), .m_axis_tvalid(o_valid), .m_axis_tready(1'b1),
      .m_axis_tlast(o_last), .m_axis_tuser(o_user)
  );

  initial begin
    $readmemh("{words}", words);
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
{shown(top, geometry)}      if (o_data !== wanted || o_user) begin
        good = 0;
        $display("{top}: beat %0d of the result is %h and must be %h", taken, o_data, wanted);
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
