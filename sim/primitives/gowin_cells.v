// Behaviour of the cells of a netlist for Gowin as Yosys leaves it, but for block RAM (gowin_ram.v).
// Written from Gowin's UG288 and SUG283 and compared with Yosys's own models by tests. Flip-flops
// begin at their reset's value; they come in rows, as many as share all but data.

module LUT1 #(
    parameter [1:0] INIT = 0
) (
    input I0,
    output F
);
    assign F = INIT[I0];
endmodule

module LUT2 #(
    parameter [3:0] INIT = 0
) (
    input I0, I1,
    output F
);
    assign F = INIT[{I1, I0}];
endmodule

module LUT3 #(
    parameter [7:0] INIT = 0
) (
    input I0, I1, I2,
    output F
);
    assign F = INIT[{I2, I1, I0}];
endmodule

module LUT4 #(
    parameter [15:0] INIT = 0
) (
    input I0, I1, I2, I3,
    output F
);
    assign F = INIT[{I3, I2, I1, I0}];
endmodule

module MUX2_LUT5 (
    input I0, I1, S0,
    output O
);
    assign O = S0 ? I1 : I0;
endmodule

module MUX2_LUT6 (
    input I0, I1, S0,
    output O
);
    assign O = S0 ? I1 : I0;
endmodule

module MUX2_LUT7 (
    input I0, I1, S0,
    output O
);
    assign O = S0 ? I1 : I0;
endmodule

module MUX2_LUT8 (
    input I0, I1, S0,
    output O
);
    assign O = S0 ? I1 : I0;
endmodule

// A position of a carry chain: I0 plus I1 (0), I0 minus I1 (1), or the one or the other by I3 (2).
module ALU #(
    parameter ALU_MODE = 0
) (
    input I0, I1, I3, CIN,  // open: 0
    output SUM, COUT
);
    initial if (ALU_MODE > 2) $fatal(1, "ALU: this ALU_MODE is not modelled");
    wire falls = ALU_MODE == 1 || (ALU_MODE == 2 && !I3);
    wire half = I0 ^ I1 ^ falls;
    assign SUM = half ^ CIN;
    assign COUT = half ? CIN : I0;
endmodule

// The letters behind DFF: E an enable; R, S a reset to 0 or 1 with the clock; C, P one at any time.
// A reset is over the enable.

module DFF #(
    parameter WIDTH = 1
) (
    input CLK,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge CLK) Q <= D;
endmodule

module DFFE #(
    parameter WIDTH = 1
) (
    input CLK, CE,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge CLK) if (CE) Q <= D;
endmodule

module DFFR #(
    parameter WIDTH = 1
) (
    input CLK, RESET,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge CLK) if (RESET) Q <= 0; else Q <= D;
endmodule

module DFFRE #(
    parameter WIDTH = 1
) (
    input CLK, CE, RESET,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge CLK) if (RESET) Q <= 0; else if (CE) Q <= D;
endmodule

module DFFS #(
    parameter WIDTH = 1
) (
    input CLK, SET,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = ~0;
    always @(posedge CLK) if (SET) Q <= ~0; else Q <= D;
endmodule

module DFFSE #(
    parameter WIDTH = 1
) (
    input CLK, CE, SET,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = ~0;
    always @(posedge CLK) if (SET) Q <= ~0; else if (CE) Q <= D;
endmodule

module DFFC #(
    parameter WIDTH = 1
) (
    input CLK, CLEAR,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge CLK or posedge CLEAR) if (CLEAR) Q <= 0; else Q <= D;
endmodule

module DFFCE #(
    parameter WIDTH = 1
) (
    input CLK, CE, CLEAR,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge CLK or posedge CLEAR) if (CLEAR) Q <= 0; else if (CE) Q <= D;
endmodule

module DFFP #(
    parameter WIDTH = 1
) (
    input CLK, PRESET,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = ~0;
    always @(posedge CLK or posedge PRESET) if (PRESET) Q <= ~0; else Q <= D;
endmodule

module DFFPE #(
    parameter WIDTH = 1
) (
    input CLK, CE, PRESET,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = ~0;
    always @(posedge CLK or posedge PRESET) if (PRESET) Q <= ~0; else if (CE) Q <= D;
endmodule

// Four bits of a memory in LUTs: 16 words, written with the clock, read at any time.
module RAM16SDP4 #(
    parameter [15:0] INIT_0 = 0, INIT_1 = 0, INIT_2 = 0, INIT_3 = 0
) (
    input [3:0] DI,  // open: 0
    input [3:0] WAD, RAD,  // open: 0
    input WRE, CLK,
    output [3:0] DO
);
    reg [3:0] words[0:15];
    integer n;
    initial for (n = 0; n < 16; n = n + 1) words[n] = {INIT_3[n], INIT_2[n], INIT_1[n], INIT_0[n]};
    always @(posedge CLK) if (WRE) words[WAD] <= DI;
    assign DO = words[RAD];
endmodule

module IBUF (
    input I,
    output O
);
    assign O = I;
endmodule

module OBUF (
    input I,
    output O
);
    assign O = I;
endmodule

module TBUF (
    input I, OEN,
    output O
);
    assign O = OEN ? 1'bz : I;
endmodule

module GND (
    output G
);
    assign G = 0;
endmodule

module VCC (
    output V
);
    assign V = 1;
endmodule

// A PLL's clock is the simulation's; what it divides and multiplies is of the pins' world.
module GOWIN_LOCK (
    input CLKIN,
    output reg LOCK
);
    reg [3:0] left;
    initial {LOCK, left} = {1'b0, 4'd15};
    always @(posedge CLKIN) begin
        left <= left == 0 ? 0 : left - 1;
        LOCK <= left == 0;
    end
endmodule

module rPLL (
    input CLKIN, CLKFB, RESET, RESET_P,
    input [5:0] FBDSEL, IDSEL, ODSEL,
    input [3:0] PSDA, DUTYDA, FDLY,
    output CLKOUT, LOCK
);
    GOWIN_LOCK lock (.CLKIN(CLKIN), .LOCK(LOCK));
    assign CLKOUT = CLKIN;
endmodule

module PLLA (
    input CLKIN, CLKFB, RESET, PLLPWD, RESET_I, RESET_O,
    output CLKOUT0, LOCK
);
    GOWIN_LOCK lock (.CLKIN(CLKIN), .LOCK(LOCK));
    assign CLKOUT0 = CLKIN;
endmodule
