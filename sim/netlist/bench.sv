// A host on the UART's pins of a board whose netlist is simulated; it knows when every byte comes.
//
// +in=FILE   hex numbers, one a line: 00000000..000000ff a byte to send; 80000000 + N: wait until N
//            bytes have come since the last wait
// +start=C   cycles before the first bit, for the board to start up
// +limit=C   the most cycles that a wait may take
//
// Prints "C XX" for each byte heard, C the cycle of its start bit after that of the first byte sent
// since the last wait; "noise" where a stop bit is missing, "stuck" when a wait has not ended within
// the limit. Ends with "done CYCLES", all that were simulated, or with stuck.
`timescale 1ns / 1ns
module bench;
  reg clk = 0;
  always #1 clk = ~clk;

  reg to_board = 1;
  wire from_board;
  board dut (.clk(clk), .rx(to_board), .tx(from_board));

  string in_name;
  integer in_file, start, limit, scanned;
  integer total = 0, began = 0, asked = 0, heard = 0, wanted = 0;
  integer out_bit = 10, out_left = 0;  // sending: bit 0..9 of a byte, sixteenths of a cycle to the next
  integer in_bit = -1, in_left, at;  // hearing
  reg [31:0] word;
  reg [7:0] out_byte, in_byte;
  reg waiting = 0, first = 1;

  initial begin
    if (!$value$plusargs("in=%s", in_name)) $fatal(1, "+in is missing");
    if (!$value$plusargs("start=%d", start)) $fatal(1, "+start is missing");
    if (!$value$plusargs("limit=%d", limit)) $fatal(1, "+limit is missing");
    in_file = $fopen(in_name, "r");
  end

  always @(posedge clk) begin
    total <= total + 1;

    // Hearing: sample in the middle of every bit.
    if (in_bit < 0) begin
      if (!from_board && total > start) begin
        in_bit = 0;
        in_left = `SIXTEENTHS + `SIXTEENTHS / 2;
        at = total - began;
      end
    end else begin
      in_left = in_left - 16;
      if (in_left < 16) begin
        in_left = in_left + `SIXTEENTHS;
        if (in_bit < 8) in_byte[in_bit] = from_board;
        else begin
          if (from_board) $display("%0d %h", at, in_byte);
          else $display("noise");
          heard = heard + 1;
        end
        in_bit = in_bit == 8 ? -1 : in_bit + 1;
      end
    end

    // Sending: start bit, eight data bits, stop bit.
    out_left = out_left - 16;
    if (total < start || out_left >= 16) begin
    end else if (waiting) begin
      out_left = 0;
      if (heard >= wanted) begin
        waiting = 0;
        first = 1;
      end else if (total - asked > limit) begin
        $display("stuck");
        $finish;
      end
    end else begin
      if (out_bit == 10) begin
        scanned = $fscanf(in_file, "%h", word);
        if (scanned != 1) begin
          $display("done %0d", total);
          $finish;
        end else if (word[31]) begin
          waiting = 1;
          asked = total;
          wanted = heard + word[30:0];
          out_left = 0;
        end else begin
          out_byte = word[7:0];
          out_bit = 0;
          if (first) {began, first, out_left} = {total, 1'b0, 32'd0};
        end
      end
      if (out_bit < 10) begin
        to_board <= out_bit == 0 ? 1'b0 : out_bit == 9 ? 1'b1 : out_byte[out_bit-1];
        out_bit = out_bit + 1;
        out_left = out_left + `SIXTEENTHS;
      end
    end
  end
endmodule
