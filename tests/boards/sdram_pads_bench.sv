// Words from an SDRAM through the pads of gear 2, with every delay on the way: the cells of the I/O
// as Lattice describes them, a clock pin, traces, a chip that shows a word for a moment only.
//
// +lag=PS    of the chip's clock behind the design's, as the PLL makes it; +clock, +others, +back=PS
//            on the way of the clock pin to the chip, of all others, from the chip to the registers
// +fill=FILE pieces of 16 bits, +words=FILE the words that must come, both in hex, one a line
// Ends with "done CYCLES", from ready to the first word, or "wrong NUMBER", "bad CYCLE",
// "rule NUMBER", "setup CYCLE", "hold CYCLE".
`timescale 1ps / 1ps
module ODDRX1F (input D0, D1, SCLK, RST, output Q);
  reg [1:0] first, second;
  reg high, low;
  always @(posedge SCLK) {first, second, low} <= {D1, D0, first, second[1]};
  always @(negedge SCLK) high <= second[0];
  assign Q = SCLK ? high : low;
endmodule
module IDDRX1F (input D, SCLK, RST, output reg Q0, Q1);
  reg rising, falling;
  always @(posedge SCLK) {Q0, Q1, rising} <= {rising, falling, D};
  always @(negedge SCLK) falling <= D;
endmodule
module OFS1P3DX (input D, SP, SCLK, CD, output reg Q = 0);
  always @(posedge SCLK) Q <= D;
endmodule
module FD1S3AX (input D, CK, output reg Q = 0);
  always @(posedge CK) Q <= D;
endmodule
module OBZ (input I, T, output O);
  assign O = T ? 1'b0 : I;
endmodule
// A way on which a level takes so many picoseconds, in steps of 40.
module way #(parameter WIDTH = 1) (input [WIDTH-1:0] i, input integer ps, output reg [WIDTH-1:0] o);
  reg [WIDTH-1:0] line [0:1023];
  reg [9:0] at = 0;
  always @(posedge bench.tick) begin
    line[at] <= i;
    o <= line[at - 10'(ps / 40)];
    at <= at + 1;
  end
endmodule
module BB #(parameter N = 0) (input I, T, output O, input B);
  always @(I) bench.driven[N] = I;
  always @(T) bench.away[N] = T;
  way to_register (.i(bench.shown[N]), .ps(bench.back), .o(O));
endmodule

module bench;
  integer lag, clock, others, back;
  reg tick = 0;
  always #20 tick = ~tick;
  reg clk = 0, second = 0, rst = 1;
  always #`HALF clk = ~clk;

  reg [15:0] fill [0:`PIECES-1];
  reg [31:0] words [0:`DEPTH-1];
  string name;
  integer at = 0, taken = 0, cycle = 0, ready_at = 0;
  wire fill_ready, o_valid, ready, bad;
  wire [31:0] o_data;
  wire ck, ras, cas, we;
  wire [1:0] ba, dqm;
  wire [12:0] a;
  reg [15:0] driven = 0, away = 0;  // what each pin's buffer does
  wire [15:0] word;
  wire [7:0] rule;
  reg [15:0] shown = 0;  // what is on the data pins
  unit dut (
      .clk(clk), .rst(rst), .second_clk(second), .i_fill_valid(at < `PIECES),
      .i_fill_data(fill[at % `PIECES]), .i_fill_ready(fill_ready), .o_valid(o_valid),
      .o_data(o_data), .o_ready(1'b1), .ready(ready), .bad(bad), .pin_clk(ck), .pin_ras(ras),
      .pin_cas(cas), .pin_we(we), .pin_ba(ba), .pin_dqm(dqm), .pin_a(a)
  );

  // What the chip samples: there SETUP before its edge, and still there KEEP behind it.
  reg writing = 0, moves;
  wire chip_ck, chip_away;
  wire [19:0] control, early;  // command, dqm, bank, address
  wire [15:0] given, given_early;
  reg [19:0] now;
  reg [15:0] given_now;
  wire write = control[19:17] == 3'b110;
  way to_clock (.i(ck), .ps(clock), .o(chip_ck));
  way #(20) to_chip (.i({~we, ~cas, ~ras, dqm, ba, a}), .ps(others), .o(control));
  way #(16) to_data (.i(driven), .ps(others), .o(given));
  way to_away (.i(away[0]), .ps(others), .o(chip_away));
  way #(20) so_early (.i(control), .ps(`SETUP), .o(early));
  way #(16) given_so_early (.i(given), .ps(`SETUP), .o(given_early));
  sdram chip (
      .clk(chip_ck), .rst(rst), .sdram_command(control[19:17]), .sdram_bank(control[14:13]),
      .sdram_address(control[10:0]), .sdram_dqm(control[15]), .sdram_dq_o(given),
      .sdram_dq_oe(~chip_away), .sdram_dq_i(word), .rule(rule)
  );
  always @(posedge chip_ck) begin
    now = control;
    given_now = given;
    if (!rst && now != early) finish("setup", cycle);
    moves = write || writing;
    if (moves && given_now != given_early) finish("setup", cycle);
    writing = write;
    #`KEEP;
    if (!rst && now != control) finish("hold", cycle);
    if (moves && given_now != given) finish("hold", cycle);
  end
  always @(posedge chip_ck) begin
    #`HOLD shown = ~shown;
    #(`ACCESS - `HOLD) shown = word;
  end

  task automatic finish(input string verdict, input longint number);
    $display("%s %0d", verdict, number);
    $finish;
  endtask
  initial begin
    if (!$value$plusargs("lag=%d", lag) || !$value$plusargs("clock=%d", clock)) $fatal(1, "no lag");
    if (!$value$plusargs("others=%d", others) || !$value$plusargs("back=%d", back)) $fatal(1, "no way");
    if ($value$plusargs("fill=%s", name)) $readmemh(name, fill);
    if ($value$plusargs("words=%s", name)) $readmemh(name, words);
    #(lag);
    forever begin
      second = 1;
      #(`HALF / 2) second = 0;
      #(`HALF - `HALF / 2);
    end
  end
  initial #(20 * `HALF) rst = 0;
  always @(posedge clk)
    if (!rst) begin
      cycle <= cycle + 1;
      if (fill_ready && at < `PIECES) at <= at + 1;
      if (ready && ready_at == 0) ready_at <= cycle;
      if (bad) finish("bad", cycle);
      if (rule != 0) finish("rule", rule);
      if (cycle == 20000) finish("stuck", cycle);
      if (o_valid) begin
        if (o_data !== words[taken % `DEPTH]) finish("wrong", taken);
        taken <= taken + 1;
        if (taken == 0) $display("first %0d", cycle - ready_at);
        if (taken == 2 * `DEPTH) finish("done", cycle);
      end
    end
endmodule
