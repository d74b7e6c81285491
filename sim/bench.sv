// Source, sink, clock and watch around an accelerator, all on this side: nothing waits for Python.
//
// +in=FILE +beats=N      input beats in hex, one a line; offered in order
// +out=FILE +results=N   takes N beats of results; writes "first C" and per beat "C bits", lowest
//                        its data: C counts cycles after reset; at last "end N", how many lines are
//                        before it
// +pause_in=P +pause_out=P +seed=S   stall each side in P of 256 cycles, at random
// +taps=FILE             write every tensor on the way, see taps.py
// +quiet=C               end C cycles after the last result, pixel and, where taps write, beat inside
// +reset_at=C            in cycle C reset again and begin anew; results before it are forgotten
// +fill=FILE             with an SDRAM: what is filled into it, words in hex, one a line; cycles
//                        count from the one in which it is ready, and nothing is offered before
// +limit=C               give up after C cycles
//
// Ends with a line on stdout: "done CYCLES" or "stuck CYCLES", or "broken CYCLES" when o changed or
// fell while it waited, or when a beat came that no frame asked for; "bad CYCLES" when the SDRAM's
// check is wrong, "unruly CYCLES RULE" when a rule of its data sheet was broken.
`timescale 1ns / 1ns
module bench;
  reg clk = 0;
  reg rst = 1;
`ifdef SDRAM_FAST
  reg fast = 0;  // an SDRAM's clock, twice as fast: each edge of clk is one of its rising edges
  always begin
    #1 {clk, fast} = {~clk, 1'b1};
    #1 fast = 0;
  end
`else
  always #1 clk = ~clk;
`endif

  reg i_valid = 0;
  wire i_ready;
  reg [`IN_WIDTH-1:0] i_data, next;
  wire o_valid;
  reg o_ready = 0;
  wire [`OUT_WIDTH-1:0] o_data;
  wire [1:0] o_kind;
  wire o_last;
  wire [`OUT_WIDTH+2:0] given = {o_last, o_kind, o_data};

`ifdef SDRAM_WIDTH
  wire go, bad, fill_ready;
  reg fill_valid = 0;
  reg [15:0] fill_data;
  wire [2:0] command;
  wire [`SDRAM_BANK-1:0] bank;
  wire [`SDRAM_ADDRESS-1:0] address;
  wire dqm, dq_oe;
  wire [`SDRAM_WIDTH-1:0] dq_o, dq_i;
  wire [7:0] rule;
  sdram chip (
`ifdef SDRAM_FAST
      .fast_clk(fast), .fast_rst(rst),
`endif
      .clk(clk), .rst(rst), .sdram_command(command), .sdram_bank(bank), .sdram_address(address),
      .sdram_dqm(dqm), .sdram_dq_o(dq_o), .sdram_dq_oe(dq_oe), .sdram_dq_i(dq_i), .rule(rule)
  );
`else
  wire go = 1;
`endif

  accelerator dut (
`ifdef SDRAM_WIDTH
      .sdram_command(command), .sdram_bank(bank), .sdram_address(address), .sdram_dqm(dqm),
      .sdram_dq_o(dq_o), .sdram_dq_oe(dq_oe), .sdram_dq_i(dq_i), .ready(go), .bad(bad),
      .i_fill_valid(fill_valid), .i_fill_ready(fill_ready), .i_fill_data(fill_data),
`endif
      .clk(clk), .rst(rst),
      .i_valid(i_valid && go), .i_ready(i_ready), .i_data(i_data),
      .o_valid(o_valid), .o_ready(o_ready), .o_data(o_data), .o_kind(o_kind), .o_last(o_last)
  );

  taps watch (.clk(clk), .rst(rst));

  string in_name, out_name, fill_name;
  integer fill_file;
  reg [15:0] word;
  integer in_file, out_file, beats, results, pause_in, pause_out, seed, reset_at, limit, most_quiet;
  integer sent, taken, cycle, total, quiet, scanned;
  reg [31:0] in_dice, out_dice;
  reg was_waiting, seen_first;
  reg [`OUT_WIDTH+2:0] waiting;

  function automatic [31:0] xorshift(input [31:0] x);
    x = x ^ (x << 13);
    x = x ^ (x >> 17);
    return x ^ (x << 5);
  endfunction

  task automatic begin_anew;
    scanned = $rewind(in_file);
    sent = 0;
    taken = 0;
    cycle = 0;
    quiet = 0;
    was_waiting = 0;
    seen_first = 0;
    $fclose(out_file);
    out_file = $fopen(out_name, "w");
`ifdef SDRAM_WIDTH
    scanned = $rewind(fill_file);
`endif
  endtask

  task automatic finish(input string verdict);
    $fwrite(out_file, "end %0d\n", taken + seen_first);
    $fclose(out_file);
    $display("%s %0d", verdict, total);
    $finish;
  endtask

  initial begin
    if (!$value$plusargs("in=%s", in_name)) $fatal(1, "+in is missing");
    if (!$value$plusargs("out=%s", out_name)) $fatal(1, "+out is missing");
    if (!$value$plusargs("beats=%d", beats)) $fatal(1, "+beats is missing");
    if (!$value$plusargs("results=%d", results)) $fatal(1, "+results is missing");
    if (!$value$plusargs("limit=%d", limit)) $fatal(1, "+limit is missing");
    if (!$value$plusargs("pause_in=%d", pause_in)) pause_in = 0;
    if (!$value$plusargs("pause_out=%d", pause_out)) pause_out = 0;
    if (!$value$plusargs("seed=%d", seed)) seed = 1;
    if (!$value$plusargs("reset_at=%d", reset_at)) reset_at = 0;
    if (!$value$plusargs("quiet=%d", most_quiet)) most_quiet = 64;
    in_dice = 32'h9e3779b9 ^ seed;
    out_dice = 32'h7f4a7c15 ^ seed;
    in_file = $fopen(in_name, "r");
    out_file = $fopen(out_name, "w");
`ifdef SDRAM_WIDTH
    if (!$value$plusargs("fill=%s", fill_name)) $fatal(1, "+fill is missing");
    fill_file = $fopen(fill_name, "r");
`endif
    total = 0;
    begin_anew;
  end

  always @(posedge clk) begin
    total <= total + 1;
    rst <= 0;
    in_dice <= xorshift(in_dice);
    out_dice <= xorshift(out_dice);
`ifdef SDRAM_WIDTH
    if (rst) fill_valid <= 0;
    else if (!fill_valid || fill_ready) begin
      scanned = $fscanf(fill_file, "%h", word);
      fill_data <= word;
      fill_valid <= scanned == 1;
    end
    if (!rst && bad) finish("bad");
    if (!rst && rule != 0) begin
      $display("unruly %0d %0d", total, rule);
      $finish;
    end
    if (total > limit) finish("stuck");
`endif
    if (rst || !go) begin
      // In cycle 0, the first without reset, the source offers and the sink is ready.
      if (pause_in == 0 && (rst || sent == 0)) begin
        scanned = $fscanf(in_file, "%h", next);
        i_data <= next;
        sent = 1;
        i_valid <= 1;
      end
      o_ready <= pause_out == 0;
    end else begin
      cycle = cycle + 1;
      if (i_valid && i_ready && !seen_first) begin
        seen_first = 1;
        $fwrite(out_file, "first %0d\n", cycle - 1);
      end
      if (!i_valid || i_ready) begin
        i_valid <= 0;
        if (sent < beats && (in_dice[7:0] >= pause_in)) begin
          scanned = $fscanf(in_file, "%h", next);
          i_data <= next;
          sent = sent + 1;
          i_valid <= 1;
        end
      end
      if (o_valid && o_ready) begin
        $fwrite(out_file, "%0d %h\n", cycle - 1, given);
        taken = taken + 1;
      end
      if (was_waiting && (!o_valid || given !== waiting)) finish("broken");
      was_waiting = o_valid && !o_ready;
      waiting = given;
      o_ready <= out_dice[7:0] >= pause_out;
      if (taken > results) finish("broken");
      if (taken == results && sent == beats) begin
        quiet = watch.moved || i_valid ? 0 : quiet + 1;
        if (quiet == most_quiet) finish("done");
      end
      if (total > limit) finish("stuck");
      if (reset_at != 0 && total == reset_at) begin
        rst <= 1;
        i_valid <= 0;
        o_ready <= 0;
        begin_anew;
      end
    end
  end
endmodule
