// A gigabit PHY at the pins of a board's top: frames to the board, and those that it sends.
//
// +in=FILE  hex numbers, one a line: 0..ff a byte of a frame, its CRC's too; 100 the frame's end;
//           10000 + N let N cycles of 125 MHz pass, while the frames go out one behind the other
//
// Prints "frame XX... T" for each frame of the board, T the cycle of its end, preamble and CRC
// included, "damaged" for one whose control pin does not hold, and "at T" when the cycles are over.
// Ends with FILE. `HALF is half a cycle of the design's clock in ns.
`timescale 1ns / 1ns
module ethernet_bench;
  reg clk = 0;
  reg rst = 1;
  always #`HALF clk = ~clk;

  reg rx_clk = 0, rx_ctl = 0;
  reg [3:0] rx_data = 0;
  wire tx_clk, tx_ctl;
  wire [3:0] tx_data;
  top dut (
      .clk(clk), .rst(rst), .rx_clk(rx_clk), .rx_ctl(rx_ctl), .rx_data(rx_data),
      .tx_clk(tx_clk), .tx_ctl(tx_ctl), .tx_data(tx_data)
  );

  string in_name;
  integer in_file, scanned, word, left, total, quiet, preamble;
  reg [8:0] waiting[$];  // bytes of frames, and 100 behind each
  reg [7:0] byte_out;
  reg valid_out;

  initial begin
    if (!$value$plusargs("in=%s", in_name)) $fatal(1, "+in is missing");
    in_file = $fopen(in_name, "r");
    left = 16;  // for the reset
    total = 0;
    quiet = 0;
    preamble = 0;
  end

  // To the board: a nibble before each edge of the clock, as from a PHY that delays its clock.
  always begin
    while (left == 0) begin
      scanned = $fscanf(in_file, "%h", word);
      if (scanned != 1) $finish;
      if (word >= 32'h10000) left = word - 32'h10000;
      else waiting.push_back(word[8:0]);
      if (left == 0 && word == 32'h10000) $fatal(1, "no cycles");
    end
    valid_out = 0;
    byte_out = 0;
    if (quiet > 0) quiet = quiet - 1;
    else if (waiting.size() > 0) begin
      valid_out = 1;
      if (preamble < 8) begin
        byte_out = preamble == 7 ? 8'hd5 : 8'h55;
        preamble = preamble + 1;
      end else if (waiting[0][8]) begin
        valid_out = 0;
        preamble = 0;
        quiet = 11;
        void'(waiting.pop_front());
      end else begin
        byte_out = waiting[0][7:0];
        void'(waiting.pop_front());
      end
    end
    rx_ctl  = valid_out;
    rx_data = byte_out[3:0];
    #2 rx_clk = 1;
    #2 rx_data = byte_out[7:4];
    #2 rx_clk = 0;
    #2 total = total + 1;
    rst = total < 8;
    left = left - 1;
    if (left == 0) begin
      $display("at %0d", total);
      $fflush;
    end
  end

  // From the board: sampled a quarter of a cycle behind the edges of its clock.
  reg [3:0] low;
  reg low_valid;
  reg [7:0] heard[$];
  always @(posedge tx_clk) begin
    #2;
    low = tx_data;
    low_valid = tx_ctl;
  end
  always @(negedge tx_clk) begin
    #2;
    if (low_valid !== tx_ctl) $display("damaged");
    if (low_valid) heard.push_back({tx_data, low});
    else if (heard.size() > 0) begin
      $write("frame ");
      foreach (heard[n]) $write("%h", heard[n]);
      $display(" %0d", total);
      heard.delete();
    end
  end
endmodule

// The cells at the pins of an ECP5.

// Two bits in a cycle from a pin: the one at the rising edge, and the one at the falling edge behind
// it, both given at the next rising edge.
module IDDRX1F (
    input D, SCLK, RST,
    output reg Q0, Q1
);
  reg rising = 0, falling = 0;
  initial {Q0, Q1} = 0;
  always @(negedge SCLK) falling <= D;
  always @(posedge SCLK) begin
    rising <= RST ? 1'b0 : D;
    Q0 <= RST ? 1'b0 : rising;
    Q1 <= RST ? 1'b0 : falling;
  end
endmodule

// Two bits in a cycle to a pin: D0 while the clock is high, then D1.
module ODDRX1F (
    input D0, D1, SCLK, RST,
    output Q
);
  reg first = 0, second = 0, late = 0;
  always @(posedge SCLK) {first, second} <= RST ? 2'b0 : {D0, D1};
  always @(negedge SCLK) late <= second;
  assign Q = SCLK ? first : late;
endmodule

// A pin's delay: of picoseconds, which is nothing to cycles.
module DELAYG #(
    parameter DEL_MODE = "USER_DEFINED",
    parameter DEL_VALUE = 0
) (
    input A,
    output Z
);
  assign Z = A;
endmodule
