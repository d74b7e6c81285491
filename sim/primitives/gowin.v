// Behaviour of the Gowin primitive that rtl_gen.carry_gowin instantiates, for simulation and proofs.

// A position of a carry chain in mode 2, the only one used and modelled: I0 plus I1 where I3 is 1,
// I0 plus the inverse of I1 where it is 0.
module ALU #(
    /* verilator lint_off UNUSEDPARAM */ // only 2 is modelled
    parameter ALU_MODE = 2
    /* verilator lint_on UNUSEDPARAM */
) (
    input I0, I1, I3,
    input CIN,
    output SUM, COUT
);
    wire other = I3 ? I1 : !I1;

    assign SUM = I0 ^ other ^ CIN;
    assign COUT = (I0 & other) | (I0 & CIN) | (other & CIN);  // known though an open CIN is not
endmodule
