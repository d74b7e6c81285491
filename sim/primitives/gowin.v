// Behaviour of the Gowin primitive that rtl_gen.carry_gowin instantiates, for simulation and proofs.

// A position of a carry chain in mode 2, the only one used and modelled: I0 plus I1 where I3 is 1,
// I0 plus the inverse of I1 where it is 0.
module ALU #(
    parameter ALU_MODE = 2
) (
    input I0, I1, I3,
    input CIN,
    output SUM, COUT
);
    wire other = I3 ? I1 : !I1;

    assign {COUT, SUM} = {1'b0, I0} + {1'b0, other} + {1'b0, CIN};
endmodule
