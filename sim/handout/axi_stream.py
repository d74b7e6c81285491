"""A design with AXI4-Stream ports: what they mean, an instance, and a bench with one image."""

from __future__ import annotations

import numpy as np

from bus.words import result_words
from sim.handout.commands import commands
from sim.handout.product import Product

__all__ = ["bench", "instance", "ports", "speed"]


def ports(product: Product) -> list[str]:
    """What the ports mean."""
    geometry = product.geometry
    height, width, colours = product.plan.image
    field = geometry.field_bits
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
        f"{geometry.result_words:,} beats: 1 + {geometry.classes:,} signed integers",
        f"               of {field} bits, the label, then the score of each class, in the order of "
        "memory, lowest byte first;",
        "               what is left of its last beat is 0",
        "m_axis_tlast   with the last beat of a result",
        "m_axis_tuser   high with all beats of a result whose frame was not whole",
        "",
        "As AMBA 4 AXI4-Stream has it; tkeep, tstrb, tid and tdest are left out, all bytes count.",
    ]


def speed(product: Product) -> list[str]:
    """Cycles."""
    schedule, geometry = product.schedule, product.geometry
    beats = max(geometry.frame_words, geometry.result_words)
    lines = [f"cycles per frame: {max(schedule.interval, beats)}"]
    if beats > schedule.interval:
        lines.append(f"  those of its beats; the accelerator needs {schedule.interval}")
    if geometry.in_bits < 8 * geometry.colours:
        return lines
    latency = schedule.latency + 1 + geometry.result_words
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


def bench(product: Product, words: str, label: int, scores: np.ndarray) -> str:
    """A bench in Verilog-2005 that reads the file ``words`` and expects ``label``, ``scores``."""
    top, geometry, schedule = product.top, product.geometry, product.schedule
    beats, bits = geometry.result_words, geometry.result_words * geometry.out_bits
    expected = sum(
        word << n * geometry.out_bits
        for n, word in enumerate(result_words(int(label), scores.reshape(-1), geometry))
    )
    limit = 4 * (schedule.latency + schedule.interval) + geometry.frame_words + beats + 1_000
    return f"""// One image through {top}: label and scores must be those of the golden model.
{commands(top, words)}module {top}_bench;
  localparam BEATS = {geometry.frame_words}, LIMIT = {limit}, CLASSES = {geometry.classes};
  localparam IN = {geometry.in_bits}, OUT = {geometry.out_bits}, FIELD = {geometry.field_bits};
  localparam RESULTS = {beats};
  localparam [{bits - 1}:0] EXPECTED = {bits}'h{expected:x};

  reg clk, rst, done;
  reg [IN-1:0] words[0:BEATS-1];
  reg [{bits - 1}:0] result;
  integer cycle, sent, taken, n;
  wire i_valid = !rst && sent < BEATS;
  wire i_ready, o_valid, o_last, o_user;
  wire [OUT-1:0] o_data;

  {top} dut (
      .aclk(clk), .aresetn(!rst),
      .s_axis_tdata(words[sent]), .s_axis_tvalid(i_valid), .s_axis_tready(i_ready),
      .s_axis_tlast(sent == BEATS - 1),
      .m_axis_tdata(o_data), .m_axis_tvalid(o_valid), .m_axis_tready(1'b1),
      .m_axis_tlast(o_last), .m_axis_tuser(o_user)
  );

  initial begin
    $readmemh("{words}", words);
    clk = 0;
    rst = 1;
    done = 0;
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
      result[taken*OUT+:OUT] = o_data;
      taken = taken + 1;
      if (o_last || taken == RESULTS) begin
        done <= 1;
        $display("{top}: label %0d in cycle %0d", result[FIELD-1:0], cycle);
        if (result[FIELD-1:0] !== EXPECTED[FIELD-1:0])
          $display("{top}: the label must be %0d", EXPECTED[FIELD-1:0]);
        for (n = 1; n <= CLASSES; n = n + 1)
          if (result[n*FIELD+:FIELD] !== EXPECTED[n*FIELD+:FIELD])
            $display("{top}: the score of class %0d is %0d and must be %0d", n - 1,
                     $signed(result[n*FIELD+:FIELD]), $signed(EXPECTED[n*FIELD+:FIELD]));
        if (o_last && taken == RESULTS && !o_user && result === EXPECTED)
          $display("{top}: PASS");
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
