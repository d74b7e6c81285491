// Behaviour of iCE40's block RAM, from Lattice's FPGA-TN-02002: 256 rows of 16 bits. Narrower words
// lie interleaved: of 8, 4, 2 bits, each is a column of 2, 4, 8 neighbours, and the address above the
// row's says which. Data are at the pins of the middle of each.
//
// Configuration writes the rows. Outputs begin unknown. A word that is read while it is written
// becomes the complement of what is there, so that a design which uses it gives wrong results.
module SB_RAM40_4K #(
    parameter READ_MODE = 0, parameter WRITE_MODE = 0,
    parameter [255:0] INIT_0 = 0, INIT_1 = 0, INIT_2 = 0, INIT_3 = 0, INIT_4 = 0, INIT_5 = 0, INIT_6 = 0, INIT_7 = 0, 
    INIT_8 = 0, INIT_9 = 0, INIT_A = 0, INIT_B = 0, INIT_C = 0, INIT_D = 0, INIT_E = 0, INIT_F = 0
) (
    output [15:0] RDATA,
    input [10:0] RADDR,  // open: 0
    input RE, RCLK,  // open: 0
    input RCLKE, WCLKE,  // open: 1
    input [10:0] WADDR,  // open: 0
    input [15:0] MASK,  // open: 0
    input [15:0] WDATA,  // open: 0
    input WE, WCLK  // open: 0
);
    localparam [4095:0] CONTENTS = {
        INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8, INIT_7, INIT_6, INIT_5, INIT_4, INIT_3, INIT_2, INIT_1, INIT_0
    };
    localparam READ_STEP = 1 << READ_MODE, WRITE_STEP = 1 << WRITE_MODE;  // neighbours of a column
    reg [15:0] rows[0:255];
    reg [15:0] row, taken;
    reg [2:0] lane;
    integer n, k;
    initial begin
        for (n = 0; n < 256; n = n + 1) rows[n] = CONTENTS[16*n+:16];
        {row, lane} = $urandom;
    end

    // The bits of a row that are written, and with what; MASK 1 keeps a bit.
    reg [15:0] written, data;
    always @* begin
        for (k = 0; k < 16; k = k + 1) begin
            written[k] = WRITE_MODE == 0 ? !MASK[k] : k % WRITE_STEP == WADDR[10:8] % WRITE_STEP;
            data[k] = WDATA[WRITE_MODE == 0 ? k : k / WRITE_STEP * WRITE_STEP + WRITE_STEP / 2 - 1];
        end
    end
    wire write = WE && WCLKE;
    wire [15:0] clash = {16{write && WADDR[7:0] == RADDR[7:0]}} & written;
    always @(posedge WCLK) if (write) rows[WADDR[7:0]] <= rows[WADDR[7:0]] & ~written | data & written;
    always @(posedge RCLK)
        if (RE && RCLKE) begin
            row <= rows[RADDR[7:0]] ^ clash;
            lane <= RADDR[10:8];
        end

    always @* begin
        taken = row;
        if (READ_MODE != 0)
            for (k = 0; k < 16; k = k + 1) taken[k] = row[k / READ_STEP * READ_STEP + lane % READ_STEP];
    end
    assign RDATA = taken;
endmodule
