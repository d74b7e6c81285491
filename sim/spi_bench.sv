// A host at the SPI pins of a board's top: what it drives them to, and what it then sees.
//
// +in=FILE  hex numbers, one a line: bit 31 a transaction's end; else bits 29, 28, 27 are cs_n, sck
//           and copi for as many ps as the bits below say, after which bit 30 looks at cipo
//
// Prints the bits that were seen at a transaction's end, between a "b" and the cycles of the
// design's clock so far. Ends with FILE. `HALF is half a cycle of that clock in ps.
`timescale 1ps / 1ps
module spi_bench;
  reg clk = 0;
  reg rst = 1;
  always #`HALF clk = ~clk;

  reg sck = 0, cs_n = 1, copi = 0;
  wire cipo;
  top dut (.clk(clk), .rst(rst), .sck(sck), .cs_n(cs_n), .copi(copi), .cipo(cipo));

  string in_name;
  integer in_file;
  reg [31:0] word;
  initial begin
    if (!$value$plusargs("in=%s", in_name)) $fatal(1, "+in is missing");
    in_file = $fopen(in_name, "r");
    repeat (8) @(negedge clk);
    rst = 0;
    $write("b");
    while ($fscanf(in_file, "%h", word) == 1) begin
      if (word[31]) begin
        $display(" %0d", $time / (2 * `HALF));
        $fflush;
        $write("b");
      end else begin
        {cs_n, sck, copi} = word[29:27];
        #(word[26:0]);
        if (word[30]) $write("%b", cipo);
      end
    end
    $finish;
  end
endmodule
