// Source, sink, clock and watch around an accelerator, all on this side: nothing waits for Python.
//
// +in=FILE +beats=N      input beats in hex, one a line; offered in order
// +out=FILE +results=N   writes "first C" and per result "C data": C counts cycles after reset;
//                        at last "end N", how many lines are before it
// +pause_in=P +pause_out=P +seed=S   stall each side in P of 256 cycles, at random
// +taps=FILE             write every tensor on the way, see taps.py
// +quiet=C               end C cycles after the last result, pixel and, where taps write, beat inside
// +reset_at=C            in cycle C reset again and begin anew; results before it are forgotten
// +limit=C               give up after C cycles
//
// Ends with a line on stdout: "done CYCLES" or "stuck CYCLES", or "broken CYCLES" when o changed or
// fell while it waited, or when a result came that no frame asked for.
`timescale 1ns / 1ns
module bench;
  reg clk = 0;
  reg rst = 1;
  always #1 clk = ~clk;

  reg i_valid = 0;
  wire i_ready;
  reg [`IN_WIDTH-1:0] i_data, next;
  wire o_valid;
  reg o_ready = 0;
  wire [`OUT_WIDTH-1:0] o_data;

  accelerator dut (
      .clk(clk), .rst(rst),
      .i_valid(i_valid), .i_ready(i_ready), .i_data(i_data),
      .o_valid(o_valid), .o_ready(o_ready), .o_data(o_data)
  );

  taps watch (.clk(clk), .rst(rst));

  string in_name, out_name;
  integer in_file, out_file, beats, results, pause_in, pause_out, seed, reset_at, limit, most_quiet;
  integer sent, taken, cycle, total, quiet, scanned;
  reg [31:0] in_dice, out_dice;
  reg was_waiting, seen_first;
  reg [`OUT_WIDTH-1:0] waiting;

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
    total = 0;
    begin_anew;
  end

  always @(posedge clk) begin
    total <= total + 1;
    rst <= 0;
    in_dice <= xorshift(in_dice);
    out_dice <= xorshift(out_dice);
    if (rst) begin
      // In cycle 0, the first without reset, the source offers and the sink is ready.
      if (pause_in == 0) begin
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
        $fwrite(out_file, "%0d %h\n", cycle - 1, o_data);
        taken = taken + 1;
      end
      if (was_waiting && (!o_valid || o_data !== waiting)) finish("broken");
      was_waiting = o_valid && !o_ready;
      waiting = o_data;
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
