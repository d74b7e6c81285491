// Behaviour of Gowin's block RAM, from Gowin's UG285: 2,048 bytes of 8 bits, or of 9 in the cells whose
// names have X9, and two ports. A word of a port is some bytes, which the lowest bits of the address
// enable where there are several, or a part of one. SP has one port, SDP writes by A and reads by B.
//
// Configuration writes the bytes. Outputs begin unknown. A word that is read by one port while the
// other writes it becomes its complement, so that a design which uses it gives wrong results.
module GOWIN_BSRAM #(
    parameter UNIT = 9,
    parameter BIT_WIDTH_0 = 9, parameter BIT_WIDTH_1 = 9,
    parameter [2:0] BLK_SEL_0 = 0, parameter [2:0] BLK_SEL_1 = 0,
    parameter WRITE_MODE0 = 0, parameter WRITE_MODE1 = 0,
    parameter READ_MODE0 = 0, parameter READ_MODE1 = 0,
    parameter RESET_MODE = "SYNC",
    parameter [2048*UNIT-1:0] CONTENTS = 0
) (
    input CLKA, CEA, OCEA, WREA, RESETA,
    input CLKB, CEB, OCEB, WREB, RESETB,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input [35:0] DIA, DIB,
    output [35:0] DOA, DOB
);
    localparam LANES0 = BIT_WIDTH_0 < UNIT ? 1 : BIT_WIDTH_0 / UNIT;
    localparam LANES1 = BIT_WIDTH_1 < UNIT ? 1 : BIT_WIDTH_1 / UNIT;
    reg [UNIT-1:0] bytes[0:2047];
    reg [35:0] takena, takenb, latera, laterb;
    integer n;
    initial begin
        for (n = 0; n < 2048; n = n + 1) bytes[n] = CONTENTS[UNIT*n+:UNIT];
        takena = {$urandom, $urandom};
        takenb = {$urandom, $urandom};
        latera = {$urandom, $urandom};
        laterb = {$urandom, $urandom};
    end

    function [10:0] first(input [13:0] address, input integer lanes);
        first = address[13:3] & ~11'(lanes - 1);
    endfunction

    // A word as it is.
    function [35:0] word(input [13:0] address, input integer bits, lanes);
        integer k;
        begin
            word = 0;
            for (k = 0; k < lanes; k = k + 1) word[UNIT*k+:UNIT] = bytes[first(address, lanes) + 11'(k)];
            if (bits < UNIT) word = (word >> (address[2:0] & ~3'(bits - 1))) & ((36'd1 << bits) - 1);
        end
    endfunction

    // Which bytes of a word the other port writes, all bits of each.
    function [35:0] clash(input [13:0] address, input integer lanes, input writes, input [13:0] other, input integer others);
        integer k, j;
        begin
            clash = 0;
            for (k = 0; k < lanes; k = k + 1)
                for (j = 0; j < others; j = j + 1)
                    if (writes && (others == 1 || other[j])
                            && first(address, lanes) + 11'(k) == first(other, others) + 11'(j))
                        clash[UNIT*k+:UNIT] = ~0;
        end
    endfunction

    // What a port that writes through gives: new bytes where it writes.
    function [35:0] through(input [35:0] old, data, input [13:0] address, input integer lanes);
        integer k;
        begin
            through = old;
            for (k = 0; k < lanes; k = k + 1)
                if (lanes == 1 || address[k]) through[UNIT*k+:UNIT] = data[UNIT*k+:UNIT];
        end
    endfunction

    wire usea = CEA && BLKSELA == BLK_SEL_0, useb = CEB && BLKSELB == BLK_SEL_1;
    wire writea = usea && WREA, writeb = useb && WREB;
    wire [35:0] worda = word(ADA, BIT_WIDTH_0, LANES0) ^ clash(ADA, LANES0, writeb, ADB, LANES1);
    wire [35:0] wordb = word(ADB, BIT_WIDTH_1, LANES1) ^ clash(ADB, LANES1, writea, ADA, LANES0);
    wire nowa = RESETA && RESET_MODE != "SYNC", nowb = RESETB && RESET_MODE != "SYNC";
    integer i;

    always @(posedge CLKA)
        if (writea)
            for (i = 0; i < LANES0; i = i + 1)
                if (BIT_WIDTH_0 < UNIT) begin
                    for (n = 0; n < BIT_WIDTH_0; n = n + 1)
                        bytes[ADA[13:3]][(ADA[2:0] & ~3'(BIT_WIDTH_0 - 1)) + n] <= DIA[n];
                end else if (LANES0 == 1 || ADA[i]) bytes[first(ADA, LANES0) + 11'(i)] <= DIA[UNIT*i+:UNIT];
    always @(posedge CLKB)
        if (writeb)
            for (i = 0; i < LANES1; i = i + 1)
                if (BIT_WIDTH_1 < UNIT) begin
                    for (n = 0; n < BIT_WIDTH_1; n = n + 1)
                        bytes[ADB[13:3]][(ADB[2:0] & ~3'(BIT_WIDTH_1 - 1)) + n] <= DIB[n];
                end else if (LANES1 == 1 || ADB[i]) bytes[first(ADB, LANES1) + 11'(i)] <= DIB[UNIT*i+:UNIT];

    always @(posedge CLKA or posedge nowa)
        if (nowa || RESETA) takena <= 0;
        else if (usea && !(WREA && WRITE_MODE0 == 0))
            takena <= WREA && WRITE_MODE0 == 1 ? through(worda, DIA, ADA, LANES0) : worda;
    always @(posedge CLKB or posedge nowb)
        if (nowb || RESETB) takenb <= 0;
        else if (useb && !(WREB && WRITE_MODE1 == 0))
            takenb <= WREB && WRITE_MODE1 == 1 ? through(wordb, DIB, ADB, LANES1) : wordb;
    always @(posedge CLKA) if (RESETA) latera <= 0; else if (OCEA) latera <= takena;
    always @(posedge CLKB) if (RESETB) laterb <= 0; else if (OCEB) laterb <= takenb;
    assign DOA = READ_MODE0 == 0 ? takena : latera;
    assign DOB = READ_MODE1 == 0 ? takenb : laterb;
endmodule

// The rows of a cell's contents, the last one first.
`define GOWIN_ROWS { \
    INIT_RAM_3F, INIT_RAM_3E, INIT_RAM_3D, INIT_RAM_3C, INIT_RAM_3B, INIT_RAM_3A, INIT_RAM_39, INIT_RAM_38, \
    INIT_RAM_37, INIT_RAM_36, INIT_RAM_35, INIT_RAM_34, INIT_RAM_33, INIT_RAM_32, INIT_RAM_31, INIT_RAM_30, \
    INIT_RAM_2F, INIT_RAM_2E, INIT_RAM_2D, INIT_RAM_2C, INIT_RAM_2B, INIT_RAM_2A, INIT_RAM_29, INIT_RAM_28, \
    INIT_RAM_27, INIT_RAM_26, INIT_RAM_25, INIT_RAM_24, INIT_RAM_23, INIT_RAM_22, INIT_RAM_21, INIT_RAM_20, \
    INIT_RAM_1F, INIT_RAM_1E, INIT_RAM_1D, INIT_RAM_1C, INIT_RAM_1B, INIT_RAM_1A, INIT_RAM_19, INIT_RAM_18, \
    INIT_RAM_17, INIT_RAM_16, INIT_RAM_15, INIT_RAM_14, INIT_RAM_13, INIT_RAM_12, INIT_RAM_11, INIT_RAM_10, \
    INIT_RAM_0F, INIT_RAM_0E, INIT_RAM_0D, INIT_RAM_0C, INIT_RAM_0B, INIT_RAM_0A, INIT_RAM_09, INIT_RAM_08, \
    INIT_RAM_07, INIT_RAM_06, INIT_RAM_05, INIT_RAM_04, INIT_RAM_03, INIT_RAM_02, INIT_RAM_01, INIT_RAM_00 }

module SPX9 #(
    parameter BIT_WIDTH = 36, parameter [2:0] BLK_SEL = 0,
    parameter WRITE_MODE = 0, parameter READ_MODE = 0, parameter RESET_MODE = "SYNC",
    parameter [287:0] INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0, INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0,
    INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0, INIT_RAM_0B = 0, INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0,
    INIT_RAM_10 = 0, INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0,
    INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0, INIT_RAM_1D = 0, INIT_RAM_1E = 0, INIT_RAM_1F = 0,
    INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, INIT_RAM_23 = 0, INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0,
    INIT_RAM_28 = 0, INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0,
    INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0, INIT_RAM_35 = 0, INIT_RAM_36 = 0, INIT_RAM_37 = 0,
    INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0
) (
    input CLK, CE, OCE, WRE, RESET,
    input [2:0] BLKSEL,
    input [13:0] AD,
    input [35:0] DI,  // open: 0
    output [35:0] DO
);
    localparam [18431:0] CONTENTS = `GOWIN_ROWS;
    wire [35:0] found, unused;
    GOWIN_BSRAM #(
        .UNIT(9), .BIT_WIDTH_0(BIT_WIDTH), .BLK_SEL_0(BLK_SEL), .WRITE_MODE0(WRITE_MODE),
        .READ_MODE0(READ_MODE), .RESET_MODE(RESET_MODE), .CONTENTS(CONTENTS)
    ) ram (
        .CLKA(CLK), .CEA(CE), .OCEA(OCE), .WREA(WRE), .RESETA(RESET), .BLKSELA(BLKSEL), .ADA(AD),
        .DIA({DI}), .DOA(found),
        .CLKB(1'b0), .CEB(1'b0), .OCEB(1'b0), .WREB(1'b0), .RESETB(1'b0), .BLKSELB(3'b0), .ADB(14'b0),
        .DIB(36'b0), .DOB(unused)
    );
    assign DO = found[35:0];
endmodule

// On GW5A the reset of its output is called RESET, on others RESETB.
module SDPX9B #(
    parameter BIT_WIDTH_0 = 36, parameter BIT_WIDTH_1 = 36,
    parameter [2:0] BLK_SEL_0 = 0, parameter [2:0] BLK_SEL_1 = 0,
    parameter READ_MODE = 0, parameter RESET_MODE = "SYNC",
    parameter [287:0] INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0, INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0,
    INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0, INIT_RAM_0B = 0, INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0,
    INIT_RAM_10 = 0, INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0,
    INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0, INIT_RAM_1D = 0, INIT_RAM_1E = 0, INIT_RAM_1F = 0,
    INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, INIT_RAM_23 = 0, INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0,
    INIT_RAM_28 = 0, INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0,
    INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0, INIT_RAM_35 = 0, INIT_RAM_36 = 0, INIT_RAM_37 = 0,
    INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0
) (
    input CLKA, CEA, CLKB, CEB, OCE,
    input RESETA, RESETB, RESET,  // open: 0
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input [35:0] DI,  // open: 0
    output [35:0] DO
);
    localparam [18431:0] CONTENTS = `GOWIN_ROWS;
    wire [35:0] found, unused;
    GOWIN_BSRAM #(
        .UNIT(9), .BIT_WIDTH_0(BIT_WIDTH_0), .BIT_WIDTH_1(BIT_WIDTH_1),
        .BLK_SEL_0(BLK_SEL_0), .BLK_SEL_1(BLK_SEL_1), .READ_MODE1(READ_MODE),
        .RESET_MODE(RESET_MODE), .CONTENTS(CONTENTS)
    ) ram (
        .CLKA(CLKA), .CEA(CEA), .OCEA(1'b0), .WREA(1'b1), .RESETA(RESETA), .BLKSELA(BLKSELA), .ADA(ADA),
        .DIA({DI}), .DOA(unused),
        .CLKB(CLKB), .CEB(CEB), .OCEB(OCE), .WREB(1'b0), .RESETB(RESETB | RESET), .BLKSELB(BLKSELB), .ADB(ADB),
        .DIB(36'b0), .DOB(found)
    );
    assign DO = found[35:0];
endmodule

module DPX9B #(
    parameter BIT_WIDTH_0 = 18, parameter BIT_WIDTH_1 = 18,
    parameter [2:0] BLK_SEL_0 = 0, parameter [2:0] BLK_SEL_1 = 0,
    parameter WRITE_MODE0 = 0, parameter WRITE_MODE1 = 0,
    parameter READ_MODE0 = 0, parameter READ_MODE1 = 0, parameter RESET_MODE = "SYNC",
    parameter [287:0] INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0, INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0,
    INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0, INIT_RAM_0B = 0, INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0,
    INIT_RAM_10 = 0, INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0,
    INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0, INIT_RAM_1D = 0, INIT_RAM_1E = 0, INIT_RAM_1F = 0,
    INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, INIT_RAM_23 = 0, INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0,
    INIT_RAM_28 = 0, INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0,
    INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0, INIT_RAM_35 = 0, INIT_RAM_36 = 0, INIT_RAM_37 = 0,
    INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0
) (
    input CLKA, CEA, OCEA, WREA, RESETA,
    input CLKB, CEB, OCEB, WREB, RESETB,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input [17:0] DIA, DIB,  // open: 0
    output [17:0] DOA, DOB
);
    localparam [18431:0] CONTENTS = `GOWIN_ROWS;
    wire [35:0] founda, foundb;
    GOWIN_BSRAM #(
        .UNIT(9), .BIT_WIDTH_0(BIT_WIDTH_0), .BIT_WIDTH_1(BIT_WIDTH_1),
        .BLK_SEL_0(BLK_SEL_0), .BLK_SEL_1(BLK_SEL_1), .WRITE_MODE0(WRITE_MODE0), .WRITE_MODE1(WRITE_MODE1),
        .READ_MODE0(READ_MODE0), .READ_MODE1(READ_MODE1), .RESET_MODE(RESET_MODE), .CONTENTS(CONTENTS)
    ) ram (
        .CLKA(CLKA), .CEA(CEA), .OCEA(OCEA), .WREA(WREA), .RESETA(RESETA), .BLKSELA(BLKSELA), .ADA(ADA),
        .DIA({18'b0, DIA}), .DOA(founda),
        .CLKB(CLKB), .CEB(CEB), .OCEB(OCEB), .WREB(WREB), .RESETB(RESETB), .BLKSELB(BLKSELB), .ADB(ADB),
        .DIB({18'b0, DIB}), .DOB(foundb)
    );
    assign DOA = founda[17:0];
    assign DOB = foundb[17:0];
endmodule

module SP #(
    parameter BIT_WIDTH = 32, parameter [2:0] BLK_SEL = 0,
    parameter WRITE_MODE = 0, parameter READ_MODE = 0, parameter RESET_MODE = "SYNC",
    parameter [255:0] INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0, INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0,
    INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0, INIT_RAM_0B = 0, INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0,
    INIT_RAM_10 = 0, INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0,
    INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0, INIT_RAM_1D = 0, INIT_RAM_1E = 0, INIT_RAM_1F = 0,
    INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, INIT_RAM_23 = 0, INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0,
    INIT_RAM_28 = 0, INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0,
    INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0, INIT_RAM_35 = 0, INIT_RAM_36 = 0, INIT_RAM_37 = 0,
    INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0
) (
    input CLK, CE, OCE, WRE, RESET,
    input [2:0] BLKSEL,
    input [13:0] AD,
    input [31:0] DI,  // open: 0
    output [31:0] DO
);
    localparam [16383:0] CONTENTS = `GOWIN_ROWS;
    wire [35:0] found, unused;
    GOWIN_BSRAM #(
        .UNIT(8), .BIT_WIDTH_0(BIT_WIDTH), .BLK_SEL_0(BLK_SEL), .WRITE_MODE0(WRITE_MODE),
        .READ_MODE0(READ_MODE), .RESET_MODE(RESET_MODE), .CONTENTS(CONTENTS)
    ) ram (
        .CLKA(CLK), .CEA(CE), .OCEA(OCE), .WREA(WRE), .RESETA(RESET), .BLKSELA(BLKSEL), .ADA(AD),
        .DIA({4'b0, DI}), .DOA(found),
        .CLKB(1'b0), .CEB(1'b0), .OCEB(1'b0), .WREB(1'b0), .RESETB(1'b0), .BLKSELB(3'b0), .ADB(14'b0),
        .DIB(36'b0), .DOB(unused)
    );
    assign DO = found[31:0];
endmodule

// On GW5A the reset of its output is called RESET, on others RESETB.
module SDPB #(
    parameter BIT_WIDTH_0 = 32, parameter BIT_WIDTH_1 = 32,
    parameter [2:0] BLK_SEL_0 = 0, parameter [2:0] BLK_SEL_1 = 0,
    parameter READ_MODE = 0, parameter RESET_MODE = "SYNC",
    parameter [255:0] INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0, INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0,
    INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0, INIT_RAM_0B = 0, INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0,
    INIT_RAM_10 = 0, INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0,
    INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0, INIT_RAM_1D = 0, INIT_RAM_1E = 0, INIT_RAM_1F = 0,
    INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, INIT_RAM_23 = 0, INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0,
    INIT_RAM_28 = 0, INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0,
    INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0, INIT_RAM_35 = 0, INIT_RAM_36 = 0, INIT_RAM_37 = 0,
    INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0
) (
    input CLKA, CEA, CLKB, CEB, OCE,
    input RESETA, RESETB, RESET,  // open: 0
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input [31:0] DI,  // open: 0
    output [31:0] DO
);
    localparam [16383:0] CONTENTS = `GOWIN_ROWS;
    wire [35:0] found, unused;
    GOWIN_BSRAM #(
        .UNIT(8), .BIT_WIDTH_0(BIT_WIDTH_0), .BIT_WIDTH_1(BIT_WIDTH_1),
        .BLK_SEL_0(BLK_SEL_0), .BLK_SEL_1(BLK_SEL_1), .READ_MODE1(READ_MODE),
        .RESET_MODE(RESET_MODE), .CONTENTS(CONTENTS)
    ) ram (
        .CLKA(CLKA), .CEA(CEA), .OCEA(1'b0), .WREA(1'b1), .RESETA(RESETA), .BLKSELA(BLKSELA), .ADA(ADA),
        .DIA({4'b0, DI}), .DOA(unused),
        .CLKB(CLKB), .CEB(CEB), .OCEB(OCE), .WREB(1'b0), .RESETB(RESETB | RESET), .BLKSELB(BLKSELB), .ADB(ADB),
        .DIB(36'b0), .DOB(found)
    );
    assign DO = found[31:0];
endmodule

module DPB #(
    parameter BIT_WIDTH_0 = 16, parameter BIT_WIDTH_1 = 16,
    parameter [2:0] BLK_SEL_0 = 0, parameter [2:0] BLK_SEL_1 = 0,
    parameter WRITE_MODE0 = 0, parameter WRITE_MODE1 = 0,
    parameter READ_MODE0 = 0, parameter READ_MODE1 = 0, parameter RESET_MODE = "SYNC",
    parameter [255:0] INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0, INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0,
    INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0, INIT_RAM_0B = 0, INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0,
    INIT_RAM_10 = 0, INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0, INIT_RAM_17 = 0,
    INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0, INIT_RAM_1D = 0, INIT_RAM_1E = 0, INIT_RAM_1F = 0,
    INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0, INIT_RAM_23 = 0, INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0,
    INIT_RAM_28 = 0, INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0, INIT_RAM_2F = 0,
    INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0, INIT_RAM_35 = 0, INIT_RAM_36 = 0, INIT_RAM_37 = 0,
    INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0, INIT_RAM_3B = 0, INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0
) (
    input CLKA, CEA, OCEA, WREA, RESETA,
    input CLKB, CEB, OCEB, WREB, RESETB,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input [15:0] DIA, DIB,  // open: 0
    output [15:0] DOA, DOB
);
    localparam [16383:0] CONTENTS = `GOWIN_ROWS;
    wire [35:0] founda, foundb;
    GOWIN_BSRAM #(
        .UNIT(8), .BIT_WIDTH_0(BIT_WIDTH_0), .BIT_WIDTH_1(BIT_WIDTH_1),
        .BLK_SEL_0(BLK_SEL_0), .BLK_SEL_1(BLK_SEL_1), .WRITE_MODE0(WRITE_MODE0), .WRITE_MODE1(WRITE_MODE1),
        .READ_MODE0(READ_MODE0), .READ_MODE1(READ_MODE1), .RESET_MODE(RESET_MODE), .CONTENTS(CONTENTS)
    ) ram (
        .CLKA(CLKA), .CEA(CEA), .OCEA(OCEA), .WREA(WREA), .RESETA(RESETA), .BLKSELA(BLKSELA), .ADA(ADA),
        .DIA({20'b0, DIA}), .DOA(founda),
        .CLKB(CLKB), .CEB(CEB), .OCEB(OCEB), .WREB(WREB), .RESETB(RESETB), .BLKSELB(BLKSELB), .ADB(ADB),
        .DIB({20'b0, DIB}), .DOB(foundb)
    );
    assign DOA = founda[15:0];
    assign DOB = foundb[15:0];
endmodule
