// A flash memory in SPI mode 0: release power-down (AB), read data (03). It holds, from address 0
// on, the bytes of the file whose name is that of +in and ".flash".
module spi_flash (input cs, input sck, input mosi, output reg miso);
  reg [7:0] bytes[0:(1<<18)-1];
  reg [31:0] command;
  reg awake = 0;
  integer bits = 0, file, found;
  string name;
  wire [31:0] bit_at = 8 * command[23:0] + bits - 32;

  initial begin
    if (!$value$plusargs("in=%s", name)) $fatal(1, "+in is missing");
    file = $fopen({name, ".flash"}, "rb");
    found = $fread(bytes, file);
    $fclose(file);
  end

  always @(negedge cs) begin
    if (bits == 8 && command[7:0] == 8'hab) awake = 1;
    bits = 0;
  end
  always @(posedge sck) if (cs) begin
    if (bits < 32) command = {command[30:0], mosi};
    bits = bits + 1;
  end
  always @(negedge sck) if (cs)
    miso = awake && bits >= 32 && command[31:24] == 8'h03 ?
        bytes[bit_at[20:3]][7 - bit_at[2:0]] : 1'b1;
endmodule
