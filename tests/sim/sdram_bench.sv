// Words from an SDRAM at full size: filled in, read back, then two frames taken as fast as they come.
//
// +fill=FILE  pieces of 16 bits, +words=FILE the words that must come, both in hex, one a line
// Ends with "done READY END": the cycles in which it was ready and in which the last word came, or
// "wrong NUMBER", "bad CYCLE", "rule NUMBER".
`timescale 1ns / 1ns
module bench;
  reg clk = 0, rst = 1;
`ifdef FAST
  reg fast = 0;
  always begin
    #1 {clk, fast} = {~clk, 1'b1};
    #1 fast = 0;
  end
`else
  always #1 clk = ~clk;
`endif
  reg [15:0] fill [0:`PIECES-1];
  reg [`WIDTH-1:0] words [0:`DEPTH-1];
  string name;
  integer at = 0, taken = 0, cycle = 0, ready_at = 0;
  wire fill_ready, o_valid, ready, bad, dqm, dq_oe;
  wire [`WIDTH-1:0] o_data, dq_o, dq_i;
  wire [2:0] command;
  wire [`BANK-1:0] bank;
  wire [`ADDRESS-1:0] address;
  wire [7:0] rule;
  unit dut (
      .clk(clk), .rst(rst), .i_fill_valid(at < `PIECES), .i_fill_data(fill[at % `PIECES]),
      .i_fill_ready(fill_ready), .o_valid(o_valid), .o_data(o_data), .o_ready(1'b1), .ready(ready),
      .bad(bad), .sdram_command(command), .sdram_bank(bank), .sdram_address(address),
      .sdram_dqm(dqm), .sdram_dq_o(dq_o), .sdram_dq_oe(dq_oe), .sdram_dq_i(dq_i)
  );
  sdram chip (
`ifdef FAST
      .fast_clk(fast), .fast_rst(rst),
`endif
      .clk(clk), .rst(rst), .sdram_command(command), .sdram_bank(bank), .sdram_address(address),
      .sdram_dqm(dqm), .sdram_dq_o(dq_o), .sdram_dq_oe(dq_oe), .sdram_dq_i(dq_i), .rule(rule)
  );
  initial begin
    if ($value$plusargs("fill=%s", name)) $readmemh(name, fill);
    if ($value$plusargs("words=%s", name)) $readmemh(name, words);
    #4 rst = 0;
  end
  task automatic finish(input string verdict, input integer number);
    $display("%s %0d", verdict, number);
    $finish;
  endtask
  always @(posedge clk)
    if (!rst) begin
      cycle <= cycle + 1;
      if (fill_ready && at < `PIECES) at <= at + 1;
      if (ready && ready_at == 0) ready_at <= cycle;
      if (bad) finish("bad", cycle);
      if (rule != 0) finish("rule", rule);
      if (o_valid) begin
        if (o_data !== words[taken % `DEPTH]) finish("wrong", taken);
        taken <= taken + 1;
        if (taken == 2 * `DEPTH - 1) begin
          $display("done %0d %0d", ready_at, cycle);
          $finish;
        end
      end
    end
endmodule
