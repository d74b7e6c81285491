// Behaviour of the iCE40 primitives that rtl_gen.carry_ice40 instantiates, for simulation and proofs.

module SB_CARRY (
    input I0, I1,
    input CI,
    output CO
);
    wire [1:0] ones = {1'b0, I0} + {1'b0, I1} + {1'b0, CI};

    assign CO = ones[1];
endmodule

module SB_LUT4 #(
    parameter [15:0] LUT_INIT = 0
) (
    input I0, I1, I2, I3,
    output O
);
    assign O = LUT_INIT[{I3, I2, I1, I0}];
endmodule
