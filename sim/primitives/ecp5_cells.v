// Behaviour of the cells of a netlist for ECP5 as Yosys leaves it, but for carry chains (ecp5.v) and
// block RAM (ecp5_ram.v). Written from Lattice's FPGA-TN-02018 to 02205 and compared with Yosys's
// own models by tests. What a device does not initialise is left to the simulator to draw.

module LUT4 #(
    parameter [15:0] INIT = 0
) (
    input A, B, C, D,
    output Z
);
    assign Z = INIT[{D, C, B, A}];
endmodule

// Two positions of a carry chain; ecp5.v has the same for open inputs, of which some here are drawn.
module CCU2C #(
    parameter [15:0] INIT0 = 0,
    parameter [15:0] INIT1 = 0,
    parameter INJECT1_0 = "YES",
    parameter INJECT1_1 = "YES"
) (
    input CIN,
    input A0, B0, C0, D0,
    input A1, B1, C1, D1,
    output S0, S1,
    output COUT
);
    wire select_0 = INIT0[{D0, C0, B0, A0}], select_1 = INIT1[{D1, C1, B1, A1}];
    wire generate_0 = INJECT1_0 == "NO" && INIT0[{2'b0, B0, A0}];
    wire generate_1 = INJECT1_1 == "NO" && INIT1[{2'b0, B1, A1}];
    wire between = select_0 ? CIN : generate_0;

    assign S0 = select_0 ^ (INJECT1_0 == "NO" && CIN);
    assign S1 = select_1 ^ (INJECT1_1 == "NO" && between);
    assign COUT = select_1 ? between : generate_1;
endmodule

module PFUMX (
    input ALUT, BLUT, C0,
    output Z
);
    assign Z = C0 ? ALUT : BLUT;
endmodule

module L6MUX21 (
    input D0, D1, SD,
    output Z
);
    assign Z = SD ? D1 : D0;
endmodule

// A row of them: as many as share all but data. Configuration leaves each at REGSET; so does the
// global reset, which SGSR holds for the first cycles.
module TRELLIS_FF #(
    parameter WIDTH = 1,
    parameter GSR = "ENABLED",
    parameter CEMUX = "1",
    parameter CLKMUX = "CLK",
    parameter LSRMUX = "LSR",
    parameter LSRMODE = "LSR",
    parameter SRMODE = "LSR_OVER_CE",
    parameter REGSET = "RESET",
    parameter SD = "1"  // of a routed netlist: whether it takes DI, and not M
) (
    input CLK, CE, GLOBAL_RESET,
    input LSR,  // open: 0
    input [WIDTH-1:0] DI, M,
    output reg [WIDTH-1:0] Q
);
    wire enable = CEMUX == "1" ? 1'b1 : CEMUX == "0" ? 1'b0 : CEMUX == "INV" ? !CE : CE;
    wire reset = LSRMUX == "INV" ? !LSR : LSR;
    wire clock = CLKMUX == "INV" ? !CLK : CLK;
    wire held = GSR == "ENABLED" && GLOBAL_RESET;
    wire [WIDTH-1:0] start = {WIDTH{REGSET == "SET"}};
    wire [WIDTH-1:0] next = SD == "1" ? DI : M;

    initial Q = start;
    generate
        if (LSRMODE != "LSR") initial $fatal(1, "TRELLIS_FF: only LSRMODE LSR is modelled");
        if (SRMODE == "ASYNC") begin
            always @(posedge clock or posedge reset)
                if (reset) Q <= start;
                else if (held) Q <= start;
                else if (enable) Q <= next;
        end else if (SRMODE == "LSR_OVER_CE") begin
            always @(posedge clock)
                if (reset || held) Q <= start;
                else if (enable) Q <= next;
        end else begin
            always @(posedge clock)
                if (held) Q <= start;
                else if (enable) Q <= reset ? start : next;
        end
    endgenerate
endmodule

// Distributed RAM: written with the clock, read at any time.
module TRELLIS_DPR16X4 #(
    parameter WCKMUX = "WCK",
    parameter WREMUX = "WRE",
    parameter [63:0] INITVAL = 0
) (
    input [3:0] DI, WAD, RAD,
    input WRE, WCK,
    output [3:0] DO
);
    wire write = WREMUX == "1" ? 1'b1 : WREMUX == "0" ? 1'b0 : WREMUX == "INV" ? !WRE : WRE;
    wire clock = WCKMUX == "INV" ? !WCK : WCK;
    reg [3:0] words[0:15];
    integer n;

    initial for (n = 0; n < 16; n = n + 1) words[n] = INITVAL[4*n+:4];
    always @(posedge clock) if (write) words[WAD] <= DI;
    assign DO = words[RAD];
endmodule

// The pad of a pin. Only inputs and outputs that always drive are modelled.
module TRELLIS_IO #(
    parameter DIR = "INPUT"
) (
    inout B,
    input I, T,
    output O
);
    generate
        if (DIR == "OUTPUT") assign B = I;
        else if (DIR == "INPUT") assign O = B;
        else initial $fatal(1, "TRELLIS_IO: only INPUT and OUTPUT are modelled");
    endgenerate
endmodule

// A clock's gate, and a clock's net.
module DCCA (
    input CLKI,
    input CE,  // open: 1
    output CLKO
);
    reg open;
    initial open = 0;
    always @(negedge CLKI) open <= CE;
    assign CLKO = CLKI && open;
endmodule

// Its clock is the simulation's; what it divides and multiplies is of the pins' world.
module EHXPLLL (
    input CLKI, RST, STDBY, CLKFB,
    output CLKOP, CLKOS, CLKINTFB,
    output reg LOCK
);
    reg [3:0] left;
    initial {LOCK, left} = {1'b0, 4'd15};
    always @(posedge CLKI) begin
        left <= left == 0 ? 0 : left - 1;
        LOCK <= left == 0;
    end
    assign CLKOP = CLKI;
    assign CLKINTFB = CLKI;
endmodule

// The global reset, let go with its clock.
module SGSR (
    input CLK, GSR,
    output reg GLOBAL_RESET
);
    initial GLOBAL_RESET = 1;
    always @(posedge CLK) GLOBAL_RESET <= !GSR;
endmodule

// The same, as nextpnr calls it.
module GSR #(
    parameter MODE = "ACTIVE_LOW",
    parameter SYNCMODE = "SYNC"
) (
    input CLK, GSR,
    output reg GLOBAL_RESET
);
    initial GLOBAL_RESET = 1;
    always @(posedge CLK) GLOBAL_RESET <= !GSR;
    initial if (MODE != "ACTIVE_LOW" || SYNCMODE != "SYNC") $fatal(1, "GSR: only ACTIVE_LOW, SYNC");
endmodule
