// Behaviour of the cells into which nextpnr packs a netlist for iCE40. The others are those of
// ice40_cells.v. Open inputs are 0, but for enables of clocks.

// A LUT, a position of a carry chain, a flip-flop. CARRY_ENABLE is implied: an open CIN that is the
// first of a chain is CIN_SET.
module ICESTORM_LC #(
    parameter [15:0] LUT_INIT = 0,
    parameter NEG_CLK = 0,
    parameter CARRY_ENABLE = 0,
    parameter DFF_ENABLE = 0,
    parameter SET_NORESET = 0,
    parameter ASYNC_SR = 0,
    parameter CIN_CONST = 0,
    parameter CIN_SET = 0
) (
    input I0, I1, I2, I3, CIN, CLK, SR,  // open: 0
    input CEN,  // open: 1
    output O, LO, COUT
);
    wire carry = CIN_CONST ? CIN_SET : CIN;
    wire value = LUT_INIT[{I3, I2, I1, I0}];
    wire clock = NEG_CLK ? !CLK : CLK;
    assign LO = value;
    assign COUT = CARRY_ENABLE && ((I1 & I2) | ((I1 | I2) & carry));
    generate
        if (!DFF_ENABLE) assign O = value;
        else begin
            reg kept;
            initial kept = 0;
            if (ASYNC_SR) begin
                always @(posedge clock or posedge SR)
                    if (SR) kept <= SET_NORESET;
                    else if (CEN) kept <= value;
            end else begin
                always @(posedge clock) if (CEN) kept <= SR ? SET_NORESET : value;
            end
            assign O = kept;
        end
    endgenerate
endmodule

// Block RAM with a pin for each bit; its clocks rise, or fall by NEG_CLK_R and NEG_CLK_W.
module ICESTORM_RAM #(
    parameter READ_MODE = 0, parameter WRITE_MODE = 0,
    parameter NEG_CLK_R = 0, parameter NEG_CLK_W = 0,
    parameter [255:0] INIT_0 = 0, INIT_1 = 0, INIT_2 = 0, INIT_3 = 0, INIT_4 = 0, INIT_5 = 0, INIT_6 = 0, INIT_7 = 0,
    INIT_8 = 0, INIT_9 = 0, INIT_A = 0, INIT_B = 0, INIT_C = 0, INIT_D = 0, INIT_E = 0, INIT_F = 0
) (
    output RDATA_0, RDATA_1, RDATA_2, RDATA_3, RDATA_4, RDATA_5, RDATA_6, RDATA_7, RDATA_8, RDATA_9, RDATA_10, RDATA_11, RDATA_12, RDATA_13, RDATA_14, RDATA_15,
    input RADDR_0, RADDR_1, RADDR_2, RADDR_3, RADDR_4, RADDR_5, RADDR_6, RADDR_7, RADDR_8, RADDR_9, RADDR_10,  // open: 0
    input RE, RCLK,  // open: 0
    input RCLKE, WCLKE,  // open: 1
    input WADDR_0, WADDR_1, WADDR_2, WADDR_3, WADDR_4, WADDR_5, WADDR_6, WADDR_7, WADDR_8, WADDR_9, WADDR_10,  // open: 0
    input MASK_0, MASK_1, MASK_2, MASK_3, MASK_4, MASK_5, MASK_6, MASK_7, MASK_8, MASK_9, MASK_10, MASK_11, MASK_12, MASK_13, MASK_14, MASK_15,  // open: 0
    input WDATA_0, WDATA_1, WDATA_2, WDATA_3, WDATA_4, WDATA_5, WDATA_6, WDATA_7, WDATA_8, WDATA_9, WDATA_10, WDATA_11, WDATA_12, WDATA_13, WDATA_14, WDATA_15,  // open: 0
    input WE, WCLK  // open: 0
);
    SB_RAM40_4K #(
        .READ_MODE(READ_MODE), .WRITE_MODE(WRITE_MODE),
        .INIT_0(INIT_0), .INIT_1(INIT_1), .INIT_2(INIT_2), .INIT_3(INIT_3), .INIT_4(INIT_4),
        .INIT_5(INIT_5), .INIT_6(INIT_6), .INIT_7(INIT_7), .INIT_8(INIT_8), .INIT_9(INIT_9),
        .INIT_A(INIT_A), .INIT_B(INIT_B), .INIT_C(INIT_C), .INIT_D(INIT_D), .INIT_E(INIT_E),
        .INIT_F(INIT_F)
    ) ram (
        .RDATA({RDATA_15, RDATA_14, RDATA_13, RDATA_12, RDATA_11, RDATA_10, RDATA_9, RDATA_8, RDATA_7, RDATA_6, RDATA_5, RDATA_4, RDATA_3, RDATA_2, RDATA_1, RDATA_0}),
        .RADDR({RADDR_10, RADDR_9, RADDR_8, RADDR_7, RADDR_6, RADDR_5, RADDR_4, RADDR_3, RADDR_2, RADDR_1, RADDR_0}),
        .WADDR({WADDR_10, WADDR_9, WADDR_8, WADDR_7, WADDR_6, WADDR_5, WADDR_4, WADDR_3, WADDR_2, WADDR_1, WADDR_0}),
        .MASK({MASK_15, MASK_14, MASK_13, MASK_12, MASK_11, MASK_10, MASK_9, MASK_8, MASK_7, MASK_6, MASK_5, MASK_4, MASK_3, MASK_2, MASK_1, MASK_0}),
        .WDATA({WDATA_15, WDATA_14, WDATA_13, WDATA_12, WDATA_11, WDATA_10, WDATA_9, WDATA_8, WDATA_7, WDATA_6, WDATA_5, WDATA_4, WDATA_3, WDATA_2, WDATA_1, WDATA_0}),
        .RCLK(NEG_CLK_R ? !RCLK : RCLK), .WCLK(NEG_CLK_W ? !WCLK : WCLK),
        .RE(RE), .RCLKE(RCLKE), .WE(WE), .WCLKE(WCLKE)
    );
endmodule
