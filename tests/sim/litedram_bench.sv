// LiteDRAM's core, started over Wishbone as its generated sdram_phy.h does, then random words
// written and read by its native port; the model of the chip is at its pins.
//
// Ends with a line on stdout: "done READ RULE", how many words were read right, or "wrong ADDRESS".
`timescale 1ns / 1ns
module OFS1P3BX(input D, PD, SCLK, SP, output reg Q);
  always @(posedge SCLK) Q <= D;
endmodule
// LiteDRAM takes a word half a cycle earlier than our pads do: its clock pin is less than half a
// cycle behind. Half a cycle is a whole one where only rising edges are simulated.
module IFS1P3BX(input D, PD, SCLK, SP, output Q);
  assign Q = D;
endmodule
module FD1S3BX(input CK, D, PD, output reg Q);
  always @(posedge CK, posedge PD) Q <= PD ? 1 : D;
endmodule
// The pad, whose two directions the bench joins: what it drives and whether are ports of their own.
module TRELLIS_IO #(parameter DIR = "") (input B, I, T, output O, DRIVEN, FREE);
  assign {O, DRIVEN, FREE} = {B, I, T};
endmodule

module bench;
  reg clk = 0, rst = 1;
  always #5 clk = ~clk;

  reg [29:0] adr;
  reg [31:0] dat;
  reg cyc = 0;
  wire ack;
  reg [23:0] cmd_addr;
  reg cmd_valid = 0, cmd_we = 0, wdata_valid = 0;
  wire cmd_ready, wdata_ready, rdata_valid;
  reg [15:0] wdata;
  wire [15:0] rdata;
  wire [12:0] a;
  wire [1:0] ba, dm;
  wire [15:0] dq_i, dq_o, dq_t;
  wire ras_n, cas_n, we_n, cs_n;
  wire [7:0] rule;

  litedram_core core (
      .clk(clk), .rst(rst), .sdram_a(a), .sdram_ba(ba), .sdram_dm(dm), .sdram_dq(dq_i),
      .sdram_dq_o(dq_o), .sdram_dq_t(dq_t), .sdram_ras_n(ras_n), .sdram_cas_n(cas_n),
      .sdram_we_n(we_n), .sdram_cs_n(cs_n),
      .wb_ctrl_adr(adr), .wb_ctrl_dat_w(dat), .wb_ctrl_cyc(cyc), .wb_ctrl_stb(cyc),
      .wb_ctrl_we(1'b1), .wb_ctrl_sel(4'hf), .wb_ctrl_ack(ack), .wb_ctrl_bte(0), .wb_ctrl_cti(0),
      .user_port_native_0_cmd_addr(cmd_addr), .user_port_native_0_cmd_ready(cmd_ready),
      .user_port_native_0_cmd_valid(cmd_valid), .user_port_native_0_cmd_we(cmd_we),
      .user_port_native_0_rdata_data(rdata), .user_port_native_0_rdata_ready(1'b1),
      .user_port_native_0_rdata_valid(rdata_valid), .user_port_native_0_wdata_data(wdata),
      .user_port_native_0_wdata_ready(wdata_ready), .user_port_native_0_wdata_valid(wdata_valid),
      .user_port_native_0_wdata_we(2'b11)
  );
  sdram chip (
      .clk(clk), .rst(rst), .sdram_command(cs_n ? 3'b0 : ~{we_n, cas_n, ras_n}),
      .sdram_bank(ba), .sdram_address(a), .sdram_dqm(|dm), .sdram_dq_o(dq_o),
      .sdram_dq_oe(~dq_t[0]), .sdram_dq_i(dq_i), .rule(rule)
  );

  // Registers of DFII, in words of 32 bits: control, command, issue, address.
  task automatic set(input [29:0] where, input [31:0] what);
    adr <= 'h200 + where;
    dat <= what;
    cyc <= 1;
    do @(posedge clk); while (!ack);
    cyc <= 0;
    @(posedge clk);
  endtask

  task automatic command(input [31:0] kind, input [31:0] address);
    set(3, address);
    set(1, kind);
    set(2, 1);
  endtask

  reg [15:0] words [0:`WORDS-1], expected [$], to_write [$];
  reg [23:0] places [$];
  reg [31:0] dice = 32'h9e3779b9;
  reg [23:0] place = 0;
  reg started = 0;
  integer sent = 0, right = 0, n;

  function automatic [31:0] xorshift(input [31:0] x);
    x = x ^ (x << 13);
    x = x ^ (x >> 17);
    return x ^ (x << 5);
  endfunction

  initial begin
    repeat (4) @(posedge clk);
    rst <= 0;
    repeat (4) @(posedge clk);
    set(0, 'he);
    repeat (`POWER_UP) @(posedge clk);
    command('hb, 'h400);
    command('hf, `MODE | 'h100);
    command('hb, 'h400);
    for (n = 0; n < 2; n = n + 1) command('hd, 0);
    command('hf, `MODE);
    set(0, 1);
    started = 1;
    while (sent < `COMMANDS) @(posedge clk);
    repeat (300) @(posedge clk);
    $display("done %0d %0d", expected.size() == 0 ? right : 0, rule);
    $finish;
  end

  // Some words one after the other, then somewhere else; the first time all are written.
  always @(posedge clk) begin
    dice = xorshift(dice);
    if (!cmd_valid || cmd_ready) begin
      cmd_valid <= 0;
      if (started && sent < `COMMANDS && (sent < `WORDS || dice[30:28] != 0)) begin
        cmd_valid <= 1;
        cmd_we <= sent < `WORDS || dice[5:4] == 0;
        place = sent < `WORDS || dice[9:6] != 0 ? (place + 1) % `WORDS : dice % `WORDS;
        cmd_addr <= place;
        if (sent < `WORDS || dice[5:4] == 0) begin
          words[place] = dice[31:16];
          to_write.push_back(dice[31:16]);
        end else begin
          expected.push_back(words[place]);
          places.push_back(place);
        end
        sent = sent + 1;
      end
    end
    if (wdata_valid && wdata_ready) wdata_valid <= 0;
    if ((!wdata_valid || wdata_ready) && to_write.size() != 0) begin
      wdata <= to_write.pop_front();
      wdata_valid <= 1;
    end
    if (rdata_valid) begin
      if (rdata !== expected[0]) begin
        $display("wrong %0d: got %h, want %h, rule %0d", places[0], rdata, expected[0], rule);
        $finish;
      end
      right = right + 1;
      expected.pop_front();
      places.pop_front();
    end
  end
endmodule
