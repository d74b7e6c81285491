// A host at the USB pins of a board's top: it drives them, lets go, and tells what it then sees.
//
// +in=FILE  hex numbers of 40 bits, one a line: the top four bits say what happens, then the bits
//           37 and 36 are D+ and D-; the rest is a time in ps
//           0 drive the pins so for a while
//           1 let go, for a while or until the board has sent a packet; tell what the pins were
//
// Prints, for each 1, "b", the pins and the ps for which they were so, again and again, "e" and the
// cycles of 48 MHz so far; "clash" where both drive. Ends with FILE.
// `HALF is half a cycle of the design's clock in ps.
`timescale 1ps / 1ps
module usb_bench;
  reg clk = 0, usb_clk = 0;
  reg rst = 1;
  always #`HALF clk = ~clk;
  always begin  // 48 MHz: three halves of a cycle are 31,250 ps
    #10416 usb_clk = ~usb_clk;
    #10417 usb_clk = ~usb_clk;
    #10417 usb_clk = ~usb_clk;
  end

  reg p = 1, n = 0, drives = 0;
  wire p_out, n_out, oe;
  wire [1:0] pins = oe ? {p_out, n_out} : drives ? {p, n} : 2'b10;  // pulled up
  top dut (
    .clk(clk), .rst(rst), .usb_clk(usb_clk), .d_p_i(pins[1]), .d_n_i(pins[0]), .d_p_o(p_out),
    .d_n_o(n_out), .d_oe(oe)
  );

  string in_name;
  integer in_file;
  reg [39:0] word;
  reg listens = 0, sent;
  time since, began;
  reg [1:0] was;
  always @(pins) begin
    if (listens && $time > since) begin
      $write(" %0d:%0d", was, $time - since);
      was = pins;
      since = $time;
    end else was = pins;
  end
  always @(posedge usb_clk) if (oe && drives) $display("clash");

  initial begin
    if (!$value$plusargs("in=%s", in_name)) $fatal(1, "+in is missing");
    in_file = $fopen(in_name, "r");
    repeat (8) @(negedge clk);
    rst = 0;
    while ($fscanf(in_file, "%h", word) == 1) begin
      if (word[39:38] == 0) begin
        drives = 1;
        {p, n} = word[37:36];
        #(word[35:0]);
      end else begin
        drives = 0;
        began = $time;
        since = $time;
        was = 2;
        sent = 0;
        listens = 1;
        $write("b");
        while (sent ? oe : $time - began < word[35:0]) begin
          #10000 sent = sent | oe;
        end
        listens = 0;
        $display(" %0d:%0d e %0d", was, $time - since, $time * 48 / 1000000);
        $fflush;
      end
    end
    $finish;
  end
endmodule
