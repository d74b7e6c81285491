// A host on the serial line of a board's top: sends bytes bit by bit, prints the bytes it hears.
//
// +in=FILE  hex numbers, one a line: 000..0ff a byte to send; 100 wait until the board's line has
//           been quiet for +gap cycles
// +gap=C +limit=C
//
// Prints "byte XX" for each byte heard, "noise" where a stop bit is missing, "quiet" at the end of
// each wait, and "stuck" when one has not ended within +limit cycles. Ends with FILE, or stuck.
`timescale 1ns / 1ns
module serial_bench;
  reg clk = 0;
  reg rst = 1;
  always #1 clk = ~clk;

  reg to_board = 1;
  wire from_board;
  top dut (.clk(clk), .rst(rst), .rx(to_board), .tx(from_board));

  string in_name;
  integer in_file, gap, limit, total, began, scanned;
  reg [8:0] word;
  integer out_bit, out_left, quiet;  // sending: bit 0..9 of a frame, cycles to the next
  integer in_bit, in_left;  // hearing
  reg waiting, ended;
  reg [7:0] byte_in;

  initial begin
    if (!$value$plusargs("in=%s", in_name)) $fatal(1, "+in is missing");
    if (!$value$plusargs("gap=%d", gap)) $fatal(1, "+gap is missing");
    if (!$value$plusargs("limit=%d", limit)) $fatal(1, "+limit is missing");
    in_file = $fopen(in_name, "r");
    total = 0;
    out_bit = 10;
    out_left = 0;
    waiting = 0;
    quiet = 0;
    in_bit = -1;
    ended = 0;
  end

  always @(posedge clk) begin
    total <= total + 1;
    rst <= total < 4;

    // Hearing: sample in the middle of every bit.
    quiet = from_board ? quiet + 1 : 0;
    if (in_bit < 0) begin
      if (!from_board) begin
        in_bit = 0;
        in_left = `DIVISOR + `DIVISOR / 2;
      end
    end else begin
      in_left = in_left - 1;
      if (in_left == 0) begin
        in_left = `DIVISOR;
        if (in_bit < 8) byte_in[in_bit] = from_board;
        else begin
          if (from_board) $display("byte %h", byte_in);
          else $display("noise");
        end
        in_bit = in_bit == 8 ? -1 : in_bit + 1;
      end
    end

    // Sending: start bit, eight data bits, stop bit.
    if (out_left > 0) out_left = out_left - 1;
    else if (waiting) begin
      if (quiet > gap) begin
        waiting = 0;
        $display("quiet");
        $fflush;
      end else if (total - began > limit) begin
        $display("stuck");
        $finish;
      end
    end else if (out_bit < 10) begin
      to_board <= out_bit == 0 ? 1'b0 : out_bit == 9 ? 1'b1 : word[out_bit-1];
      out_bit = out_bit + 1;
      out_left = `DIVISOR - 1;
    end else if (!ended) begin
      scanned = $fscanf(in_file, "%h", word);
      if (scanned != 1) ended = 1;
      else if (word[8]) begin
        waiting = 1;
        quiet = 0;
        began = total;
      end else out_bit = 0;
    end else $finish;
  end
endmodule
