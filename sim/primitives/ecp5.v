// Behaviour of the ECP5 primitive that rtl_gen.carry_ecp5 instantiates, for simulation and proofs.

// Two positions of a carry chain. A position's LUT gives select = INIT at its four inputs; its sum is
// select ^ carry, and the carry goes on where select is 1. Elsewhere it becomes generate, the LUT's
// value at C = D = 0. Only INJECT1 = "NO" is modelled: with "YES" the carry would not reach the sum.
module CCU2C #(
    parameter [15:0] INIT0 = 0,
    parameter [15:0] INIT1 = 0,
    parameter INJECT1_0 = "NO",
    parameter INJECT1_1 = "NO"
) (
    input CIN,
    input A0, B0, C0, D0,
    input A1, B1, C1, D1,
    output S0, S1,
    output COUT
);
    wire select_0 = INIT0[{D0, C0, B0, A0}];
    wire select_1 = INIT1[{D1, C1, B1, A1}];
    wire generate_0 = INIT0[{2'b00, B0, A0}];
    wire generate_1 = INIT1[{2'b00, B1, A1}];
    wire between = select_0 ? CIN : generate_0;

    assign S0 = select_0 ^ CIN;
    assign S1 = select_1 ^ between;
    assign COUT = select_1 ? between : generate_1;
endmodule
