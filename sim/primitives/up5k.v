// What the SPRAM of iCE40 UltraPlus does, as far as rtl_gen uses it (FPGA-TN-02022). Nothing gives its
// words a first value: each run draws them.
// A write leaves DATAOUT undefined; here it becomes the complement of what is written, so that a
// design that reads it gives wrong results.
module SB_SPRAM256KA (
    input [13:0] ADDRESS,
    input [15:0] DATAIN,
    input [3:0] MASKWREN,
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF,
    output reg [15:0] DATAOUT
);
  reg [15:0] words[0:16383];
  wire awake = CHIPSELECT && !STANDBY && !SLEEP && POWEROFF;
  integer n;
  initial for (n = 0; n < 16384; n = n + 1) words[n] = $urandom;
  always @(posedge CLOCK)
    if (awake) begin
      if (WREN) begin
        for (n = 0; n < 4; n = n + 1) if (MASKWREN[n]) words[ADDRESS][4*n+:4] <= DATAIN[4*n+:4];
        DATAOUT <= ~DATAIN;
      end else DATAOUT <= words[ADDRESS];
    end
endmodule
