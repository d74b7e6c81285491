// Behaviour of the cells into which nextpnr packs a netlist for ECP5: half a slice's LUT and its
// neighbours, and what writes distributed RAM. The others are those of ecp5_cells.v.

// LOGIC a LUT, behind it PFUMX or, where IS_Z1, L6MUX21; CCU2 a position of a carry chain; DPRAM a
// column of a distributed RAM; RAMW_BLOCK nothing, for its place has a TRELLIS_RAMW. What is open of
// the LUT's inputs the device ties to 1.
module TRELLIS_COMB #(
    parameter MODE = "LOGIC",
    parameter [15:0] INITVAL = 0,
    parameter CCU2_INJECT1 = "NO",
    parameter IS_Z1 = 0
) (
    input A, B, C, D,  // open: 1
    input M, F1, FXA, FXB, FCI,
    input WD, WAD0, WAD1, WAD2, WAD3, WRE, WCK,
    output F, FCO, OFX
);
    wire value = INITVAL[{D, C, B, A}];
    assign OFX = IS_Z1 ? (M ? FXB : FXA) : (M ? F1 : F);
    generate
        if (MODE == "LOGIC") begin
            assign F = value;
        end else if (MODE == "CCU2") begin
            wire other = CCU2_INJECT1 == "NO" && INITVAL[{2'b0, B, A}];
            assign F = value ^ (CCU2_INJECT1 == "NO" && FCI);
            assign FCO = value ? FCI : other;
        end else if (MODE == "DPRAM") begin
            reg [15:0] column;
            initial column = 0;
            always @(posedge WCK) if (WRE) column[{WAD3, WAD2, WAD1, WAD0}] <= WD;
            assign F = column[{A, C, B, D}];
            if (INITVAL != 0) initial $fatal(1, "TRELLIS_COMB: distributed RAM must begin at 0");
        end else if (MODE != "RAMW_BLOCK") initial $fatal(1, "TRELLIS_COMB: this MODE is not modelled");
    endgenerate
endmodule

module TRELLIS_RAMW (
    input A0, B0, C0, D0, A1, B1, C1, D1,
    output WADO0, WADO1, WADO2, WADO3, WDO0, WDO1, WDO2, WDO3
);
    assign {WADO3, WADO2, WADO1, WADO0} = {A0, C0, B0, D0};
    assign {WDO3, WDO2, WDO1, WDO0} = {B1, D1, A1, C1};
endmodule
