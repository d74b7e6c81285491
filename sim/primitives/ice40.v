// Behaviour of the iCE40 primitives that rtl_gen.carry_ice40 instantiates, for simulation and proofs.

module SB_CARRY (
    input I0, I1,
    input CI,
    output CO
);
    assign CO = (I0 & I1) | (I0 & CI) | (I1 & CI);  // known though an open input is not
endmodule

module SB_LUT4 #(
    parameter [15:0] LUT_INIT = 0
) (
    input I0, I1, I2, I3,
    output O
);
    // By ?: and not by an index, which an open input would make unknown where it does not matter.
    wire [7:0] of_3 = I3 ? LUT_INIT[15:8] : LUT_INIT[7:0];
    wire [3:0] of_2 = I2 ? of_3[7:4] : of_3[3:0];
    wire [1:0] of_1 = I1 ? of_2[3:2] : of_2[1:0];
    assign O = I0 ? of_1[1] : of_1[0];
endmodule
