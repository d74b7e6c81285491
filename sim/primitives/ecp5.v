// Behaviour of the ECP5 primitive that rtl_gen.carry_ecp5 instantiates, for simulation and proofs.

// Two positions of a carry chain. A position's LUT gives select = INIT at its four inputs; its sum is
// select ^ carry, and the carry goes on where select is 1. Elsewhere it becomes generate, the LUT's
// value at C = D = 0. Only INJECT1 = "NO" is modelled: with "YES" the carry would not reach the sum.
module CCU2C #(
    parameter [15:0] INIT0 = 0,
    parameter [15:0] INIT1 = 0,
    /* verilator lint_off UNUSEDPARAM */ // only "NO" is modelled
    parameter INJECT1_0 = "NO",
    parameter INJECT1_1 = "NO"
    /* verilator lint_on UNUSEDPARAM */
) (
    input CIN,
    input A0, B0, C0, D0,
    input A1, B1, C1, D1,
    output S0, S1,
    output COUT
);
    // By ?: and not by an index, which an open input would make unknown where it does not matter.
    wire [3:0] low_0 = C0 ? INIT0[7:4] : INIT0[3:0], high_0 = C0 ? INIT0[15:12] : INIT0[11:8];
    wire [3:0] low_1 = C1 ? INIT1[7:4] : INIT1[3:0], high_1 = C1 ? INIT1[15:12] : INIT1[11:8];
    wire [3:0] table_0 = D0 ? high_0 : low_0, table_1 = D1 ? high_1 : low_1;
    wire select_0 = B0 ? (A0 ? table_0[3] : table_0[2]) : (A0 ? table_0[1] : table_0[0]);
    wire select_1 = B1 ? (A1 ? table_1[3] : table_1[2]) : (A1 ? table_1[1] : table_1[0]);
    wire generate_0 = B0 ? (A0 ? INIT0[3] : INIT0[2]) : (A0 ? INIT0[1] : INIT0[0]);
    wire generate_1 = B1 ? (A1 ? INIT1[3] : INIT1[2]) : (A1 ? INIT1[1] : INIT1[0]);
    wire between = select_0 ? CIN : generate_0;

    assign S0 = select_0 ^ CIN;
    assign S1 = select_1 ^ between;
    assign COUT = select_1 ? between : generate_1;
endmodule
