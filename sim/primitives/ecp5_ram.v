// Behaviour of ECP5's block RAM, from Lattice's FPGA-TN-02204: 1,024 words of 18 bits, which each of
// two ports sees as words of 1, 2, 4, 9, 18 or, A writing and B reading, 36 bits.
//
// Configuration writes the words. Outputs begin unknown, for what the global reset makes of them is
// nowhere said. A word that one port reads while the other writes it becomes the complement of what
// is there, so that a design which uses it gives wrong results.
module DP16KD #(
    parameter DATA_WIDTH_A = 18, parameter DATA_WIDTH_B = 18,
    parameter REGMODE_A = "NOREG", parameter REGMODE_B = "NOREG",
    parameter WRITEMODE_A = "NORMAL", parameter WRITEMODE_B = "NORMAL",
    parameter CSDECODE_A = "0b000", parameter CSDECODE_B = "0b000",
    parameter RESETMODE = "SYNC",
    parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0,
    parameter [319:0] INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0,
    parameter [319:0] INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0,
    parameter [319:0] INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0,
    parameter [319:0] INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0,
    parameter [319:0] INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0,
    parameter [319:0] INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0,
    parameter [319:0] INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0,
    parameter [319:0] INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0,
    parameter [319:0] INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0,
    parameter [319:0] INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0,
    parameter [319:0] INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0,
    parameter [319:0] INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0,
    parameter [319:0] INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0, INITVAL_37 = 0,
    parameter [319:0] INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0,
    parameter [319:0] INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0
) (
    input CEA, OCEA, CLKA, WEA, RSTA, CSA0, CSA1, CSA2,  // open: 1
    input ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8, ADA9, ADA10, ADA11, ADA12, ADA13,  // open: 1
    input DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8, DIA9, DIA10, DIA11, DIA12, DIA13, DIA14, DIA15, DIA16, DIA17,  // open: 1
    output DOA0, DOA1, DOA2, DOA3, DOA4, DOA5, DOA6, DOA7, DOA8, DOA9, DOA10, DOA11, DOA12, DOA13, DOA14, DOA15, DOA16, DOA17,
    input CEB, OCEB, CLKB, WEB, RSTB, CSB0, CSB1, CSB2,  // open: 1
    input ADB0, ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8, ADB9, ADB10, ADB11, ADB12, ADB13,  // open: 1
    input DIB0, DIB1, DIB2, DIB3, DIB4, DIB5, DIB6, DIB7, DIB8, DIB9, DIB10, DIB11, DIB12, DIB13, DIB14, DIB15, DIB16, DIB17,  // open: 1
    output DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8, DOB9, DOB10, DOB11, DOB12, DOB13, DOB14, DOB15, DOB16, DOB17
);
    wire [13:0] at_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] at_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [17:0] in_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [17:0] in_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire [17:0] out_a, out_b;
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} = out_a;
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} = out_b;

    localparam WIDE = DATA_WIDTH_B == 36;  // B reads into the outputs of both ports
    reg [17:0] words[0:1023];
    reg [17:0] read_a, read_b, kept_a, kept_b;

    localparam [20479:0] CONTENTS = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A,
        INITVAL_39, INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34,
        INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E,
        INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
        INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22,
        INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
        INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16,
        INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
        INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A,
        INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04,
        INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00
    };
    integer n;
    initial begin
        for (n = 0; n < 1024; n = n + 1) words[n] = CONTENTS[20*n+:18];
        {read_a, read_b, kept_a, kept_b} = {$urandom, $urandom, $urandom};
        if (CSDECODE_A != "0b000" || CSDECODE_B != "0b000")
            $fatal(1, "DP16KD: chip selects 0b000 alone are modelled");
        if (WIDE != (DATA_WIDTH_A == 36) && DATA_WIDTH_B == 36)
            $fatal(1, "DP16KD: a port that reads 36 bits beside one that writes 36 is modelled");
    end

    // Where a port's word lies in 18 bits, and which of them it has.
    function automatic [4:0] low(input integer width, input [3:0] at);
        low = width >= 18 ? 0 : 9 * at[3] + (width == 4 ? 4 * at[2] : width == 2 ? 2 * at[2:1]
              : width == 1 ? at[2:0] : 0);
    endfunction
    function automatic [17:0] mask(input integer width, input [3:0] at);
        mask = width >= 18 ? {{9{at[1]}}, {9{at[0]}}} : ((18'd1 << width) - 1) << low(width, at);
    endfunction

    wire select_a = CEA && !CSA0 && !CSA1 && !CSA2, select_b = CEB && !CSB0 && !CSB1 && !CSB2;
    wire write_a = select_a && WEA, write_b = select_b && WEB && !WIDE;
    wire [9:0] row_a = at_a[13:4], row_b = at_b[13:4];
    wire [17:0] old_a = words[row_a], old_b = words[row_b];
    wire [17:0] mask_a = mask(DATA_WIDTH_A, at_a[3:0]), mask_b = mask(DATA_WIDTH_B, at_b[3:0]);
    wire [17:0] new_a = old_a & ~mask_a | in_a << low(DATA_WIDTH_A, at_a[3:0]) & mask_a;
    wire [17:0] new_b = old_b & ~mask_b | in_b << low(DATA_WIDTH_B, at_b[3:0]) & mask_b;

    generate
        if (DATA_WIDTH_A == 36)
            always @(posedge CLKA) begin
                if (write_a) begin
                    if (at_a[0]) words[{row_a[9:1], 1'b0}][8:0] <= in_a[8:0];
                    if (at_a[1]) words[{row_a[9:1], 1'b0}][17:9] <= in_a[17:9];
                    if (at_a[2]) words[{row_a[9:1], 1'b1}][8:0] <= in_b[8:0];
                    if (at_a[3]) words[{row_a[9:1], 1'b1}][17:9] <= in_b[17:9];
                end
            end
        else
            always @(posedge CLKA) if (write_a) words[row_a] <= new_a;
        if (!WIDE) always @(posedge CLKB) if (write_b) words[row_b] <= new_b;

        if (WIDE) begin
            wire both = write_a && row_a[9:1] == row_b[9:1] && at_a[3:0] != 0;
            wire [17:0] even = words[{row_b[9:1], 1'b0}], odd = words[{row_b[9:1], 1'b1}];
            always @(posedge CLKB) begin
                if (RSTB) {read_b, read_a} <= 0;
                else if (select_b) {read_b, read_a} <= {odd, even} ^ {36{both}};
                if (RSTB) {kept_b, kept_a} <= 0;
                else if (OCEB) {kept_b, kept_a} <= {read_b, read_a};
            end
        end else begin
            wire [17:0] clash_a = {18{write_b && row_a == row_b}} & mask_b;
            wire [17:0] clash_b = DATA_WIDTH_A == 36 ? {18{write_a && row_a[9:1] == row_b[9:1]}}
                                  : {18{write_a && row_a == row_b}} & mask_a;
            always @(posedge CLKA) begin
                if (RSTA) read_a <= 0;
                else if (select_a && !(WEA && WRITEMODE_A == "NORMAL"))
                    read_a <= (WEA && WRITEMODE_A == "WRITETHROUGH" ? new_a : old_a ^ clash_a)
                              >> low(DATA_WIDTH_A, at_a[3:0]);
                if (RSTA) kept_a <= 0;
                else if (OCEA) kept_a <= read_a;
            end
            always @(posedge CLKB) begin
                if (RSTB) read_b <= 0;
                else if (select_b && !(WEB && WRITEMODE_B == "NORMAL"))
                    read_b <= (WEB && WRITEMODE_B == "WRITETHROUGH" ? new_b : old_b ^ clash_b)
                              >> low(DATA_WIDTH_B, at_b[3:0]);
                if (RSTB) kept_b <= 0;
                else if (OCEB) kept_b <= read_b;
            end
        end
        assign out_a = (WIDE ? REGMODE_B : REGMODE_A) == "OUTREG" ? kept_a : read_a;
        assign out_b = REGMODE_B == "OUTREG" ? kept_b : read_b;
    endgenerate
endmodule
