// Behaviour of the cells of a netlist for iCE40 as Yosys leaves it, but for block RAM (ice40_ram.v)
// and SPRAM (up5k.v). Written from Lattice's FPGA-TN-02026 and compared with Yosys's own models by
// tests. Flip-flops begin at 0; they come in rows, as many as share all but data. An open input is 0.

module SB_LUT4 #(
    parameter [15:0] LUT_INIT = 0
) (
    input I0, I1, I2, I3,  // open: 0
    output O
);
    assign O = LUT_INIT[{I3, I2, I1, I0}];
endmodule

module SB_CARRY (
    input I0, I1, CI,  // open: 0
    output CO
);
    assign CO = (I0 & I1) | ((I0 | I1) & CI);
endmodule

// The letters behind DFF: E an enable; R, S a reset to 0 or 1 at any time, SR, SS with the clock.
module SB_DFF #(
    parameter WIDTH = 1
) (
    input C,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C) Q <= D;
endmodule

module SB_DFFE #(
    parameter WIDTH = 1
) (
    input C, E,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C) if (E) Q <= D;
endmodule

module SB_DFFSR #(
    parameter WIDTH = 1
) (
    input C, R,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C) Q <= R ? 0 : D;
endmodule

module SB_DFFSS #(
    parameter WIDTH = 1
) (
    input C, S,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C) Q <= S ? ~0 : D;
endmodule

module SB_DFFR #(
    parameter WIDTH = 1
) (
    input C, R,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C or posedge R) if (R) Q <= 0; else Q <= D;
endmodule

module SB_DFFS #(
    parameter WIDTH = 1
) (
    input C, S,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C or posedge S) if (S) Q <= ~0; else Q <= D;
endmodule

// The enable is over the reset where both are with the clock.
module SB_DFFESR #(
    parameter WIDTH = 1
) (
    input C, E, R,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C) if (E) Q <= R ? 0 : D;
endmodule

module SB_DFFESS #(
    parameter WIDTH = 1
) (
    input C, E, S,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C) if (E) Q <= S ? ~0 : D;
endmodule

module SB_DFFER #(
    parameter WIDTH = 1
) (
    input C, E, R,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C or posedge R) if (R) Q <= 0; else if (E) Q <= D;
endmodule

module SB_DFFES #(
    parameter WIDTH = 1
) (
    input C, E, S,
    input [WIDTH-1:0] D,
    output reg [WIDTH-1:0] Q
);
    initial Q = 0;
    always @(posedge C or posedge S) if (S) Q <= ~0; else if (E) Q <= D;
endmodule

// The pad of a pin without a register: it hears, always drives, or drives while it is enabled.
module SB_IO #(
    parameter [5:0] PIN_TYPE = 0
) (
    inout PACKAGE_PIN,
    input D_OUT_0, OUTPUT_ENABLE, CLOCK_ENABLE,
    output D_IN_0
);
    generate
        if (PIN_TYPE == 6'b011001) assign PACKAGE_PIN = D_OUT_0;
        else if (PIN_TYPE == 6'b101001) assign PACKAGE_PIN = OUTPUT_ENABLE ? D_OUT_0 : 1'bz;
        else if (PIN_TYPE != 6'b000001) initial $fatal(1, "SB_IO: this PIN_TYPE is not modelled");
        assign D_IN_0 = PACKAGE_PIN;
    endgenerate
endmodule

// A clock's or a reset's net.
module SB_GB (
    input USER_SIGNAL_TO_GLOBAL_BUFFER,
    output GLOBAL_BUFFER_OUTPUT
);
    assign GLOBAL_BUFFER_OUTPUT = USER_SIGNAL_TO_GLOBAL_BUFFER;
endmodule

// Both at once: a clock's pin.
module SB_GB_IO #(
    parameter [5:0] PIN_TYPE = 0
) (
    inout PACKAGE_PIN,
    input CLOCK_ENABLE,
    output D_IN_0, GLOBAL_BUFFER_OUTPUT
);
    initial if (PIN_TYPE != 6'b000001) $fatal(1, "SB_GB_IO: this PIN_TYPE is not modelled");
    assign D_IN_0 = PACKAGE_PIN;
    assign GLOBAL_BUFFER_OUTPUT = PACKAGE_PIN;
endmodule

// Its clock is the simulation's; what it divides and multiplies is of the pins' world.
module SB_PLL40_PAD (
    input PACKAGEPIN, RESETB, BYPASS,
    output PLLOUTGLOBAL, PLLOUTCORE,
    output reg LOCK
);
    reg [3:0] left;
    initial {LOCK, left} = {1'b0, 4'd15};
    always @(posedge PACKAGEPIN) begin
        left <= left == 0 ? 0 : left - 1;
        LOCK <= left == 0;
    end
    assign PLLOUTGLOBAL = PACKAGEPIN;
    assign PLLOUTCORE = PACKAGEPIN;
endmodule
