"""An accelerator in a LiteX SoC: made here, simulated here, compared with the golden model.

    pip install -e '.[hw,litex]'
    python docs/examples/litex_soc.py                 # the shipped network, all layers on one array
    python docs/examples/litex_soc.py CHECKPOINT --images 5 --pause 128

``Accelerator`` is what to copy into a SoC of your own: any LiteX target takes it, with or without a
processor. Here the SoC has none. Its bus is driven from pads, where a board has a UARTBone, an
Etherbone or PCIe, and a bench stands for the host: it writes images, word by word, and reads the
results, all through LiteX's own interconnect.
"""

import argparse
import logging
from pathlib import Path

import numpy as np
from litex.build.generic_platform import GenericPlatform, Pins, Subsignal
from litex.gen import LiteXModule
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect import wishbone
from litex.soc.interconnect.csr_eventmanager import EventManager, EventSourceLevel
from migen import ClockDomain, ClockSignal, Instance, ResetSignal

from bus import registers
from bus.words import frame_words
from fq_hw import flow
from sim import verilator

ORIGIN = 0x3000_0000  # of the accelerator's registers
BRIDGE = (
    ("adr", 30), ("dat_w", 32), ("dat_r", 32), ("sel", 4), ("cyc", 1), ("stb", 1), ("ack", 1),
    ("we", 1), ("cti", 3), ("bte", 2), ("err", 1),
)  # fmt: skip
PADS = [
    ("clk", 0, Pins(1)),
    ("rst", 0, Pins(1)),
    ("bridge", 0, *(Subsignal(name, Pins(bits)) for name, bits in BRIDGE)),
]


class Accelerator(LiteXModule):
    """The module that ``fq-hw rtl --bus wishbone`` wrote to ``verilog``, for ``add_slave``.

    ``address_bits`` is the width of its wb_adr_i. A SoC with a processor takes its interrupt by
    ``self.irq.add``; it comes where CONTROL.IRQ_ENABLE is set, too.
    """

    def __init__(self, platform: GenericPlatform, verilog: Path, top: str, address_bits: int):
        self.bus = bus = wishbone.Interface(data_width=32, addressing="word")
        self.ev = EventManager()
        self.ev.result = EventSourceLevel()
        self.ev.finalize()
        platform.add_source(str(verilog))
        self.specials += Instance(
            top,
            i_wb_clk_i=ClockSignal("sys"),
            i_wb_rst_i=ResetSignal("sys"),
            i_wb_cyc_i=bus.cyc,
            i_wb_stb_i=bus.stb,
            i_wb_we_i=bus.we,
            i_wb_adr_i=bus.adr[:address_bits],
            i_wb_sel_i=bus.sel,
            i_wb_dat_i=bus.dat_w,
            o_wb_dat_o=bus.dat_r,
            o_wb_ack_o=bus.ack,
            o_wb_err_o=bus.err,
            o_irq_o=self.ev.result.trigger,
        )


class Soc(SoCMini):
    """LiteX's bus and control registers, the accelerator, and a master on pads."""

    def __init__(self, platform: GenericPlatform, verilog: Path, address_bits: int):
        self.crg = LiteXModule()
        self.crg.cd_sys = ClockDomain()
        self.comb += self.crg.cd_sys.clk.eq(platform.request("clk"))
        self.comb += self.crg.cd_sys.rst.eq(platform.request("rst"))
        super().__init__(platform, clk_freq=25e6)
        self.accelerator = Accelerator(platform, verilog, "accelerator", address_bits)
        region = SoCRegion(origin=ORIGIN, size=4 << address_bits, cached=False)
        self.bus.add_slave("accelerator", self.accelerator.bus, region)
        bridge = wishbone.Interface(data_width=32, addressing="word")
        self.comb += bridge.connect_to_pads(platform.request("bridge"), mode="slave")
        self.bus.add_master("bridge", bridge)


BENCH = """
`timescale 1ns / 1ns
// Writes the WORDS of a frame, waits for the result, reads it; idle in +pause=P of 256 cycles.
module host;
  reg clk = 0, rst = 1, cyc = 0, we = 0;
  reg [29:0] adr = 0;
  reg [31:0] dat_w = 0, read, words[0:FRAMES*WORDS-1];
  wire [31:0] dat_r;
  wire ack, err;
  integer n, frame, pause, cycle = 0;
  always #20 clk = ~clk;
  always @(posedge clk) begin
    cycle <= cycle + 1;
    if (cycle == LIMIT) $fatal(1, "no result");
  end

  top soc (.clk(clk), .rst(rst), .bridge_adr(adr), .bridge_dat_w(dat_w), .bridge_dat_r(dat_r),
           .bridge_sel(4'hf), .bridge_cyc(cyc), .bridge_stb(cyc), .bridge_ack(ack),
           .bridge_we(we), .bridge_cti(3'b0), .bridge_bte(2'b0), .bridge_err(err));

  task access(input [31:0] offset, input writing, input [31:0] value);
    begin
      while ($urandom_range(255) < pause) @(posedge clk);
      cyc <= 1;
      we <= writing;
      adr <= (ORIGIN + offset) >> 2;
      dat_w <= value;
      @(posedge clk);
      while (!ack && !err) @(posedge clk);
      if (err) $fatal(1, "bus error");
      read = dat_r;
      cyc <= 0;
    end
  endtask

  initial begin
    if (!$value$plusargs("pause=%d", pause)) pause = 0;
    $readmemh("words.hex", words);
    repeat (4) @(posedge clk);
    rst <= 0;
    @(posedge clk);
    access(ID, 0, 0);
    if (read !== ID_VALUE) $fatal(1, "ID is %h", read);
    for (frame = 0; frame < FRAMES; frame = frame + 1) begin
      for (n = 0; n < WORDS; n = n + 1) access(PIXELS, 1, words[frame*WORDS+n]);
      read = 0;
      while (!read[0]) access(STATUS, 0, 0);
      $write("result");
      for (n = 0; n <= SCORE_WORDS; n = n + 1) begin
        access(LABEL + 4 * n, 0, 0);
        $write(" %0d", $signed(read));
      end
      $write("\\n");
      access(STATUS, 1, 1);
    end
    $finish;
  end
endmodule
"""


def simulate(design: flow.Design, images, folder: Path, pause: int) -> list[list[int]]:
    """Labels and scores of ``images`` from the SoC in Verilator."""
    folder.mkdir(parents=True, exist_ok=True)
    verilog = folder / "accelerator.v"
    geometry = design.write_verilog(verilog, bus="wishbone").product.geometry
    platform = GenericPlatform("simulation", PADS)
    soc = Soc(platform, verilog, registers.address_bits(geometry))
    soc.finalize()
    lines = str(platform.get_verilog(soc)).splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("//"))  # it has the time of day
    (folder / "soc.v").write_text(text)

    words = frame_words(images, geometry)
    (folder / "words.hex").write_text("".join(f"{word:08x}\n" for word in words))
    constants = {one.name: one.offset for one in registers.REGISTERS} | {
        "ORIGIN": ORIGIN,
        "ID_VALUE": registers.ID,
        "FRAMES": len(images),
        "WORDS": geometry.frame_words,
        "SCORE_WORDS": geometry.classes * geometry.field_bits // 32,
        "LIMIT": 100 * len(images) * (design.latency + design.interval + len(words)),
    }
    values = "".join(
        f"  localparam [31:0] {name} = {value};\n" for name, value in constants.items()
    )
    bench = BENCH.replace("  reg clk", f"{values}  reg clk", 1)
    bench = bench.replace("words.hex", str((folder / "words.hex").resolve()))
    sources = {"soc.v": text, "accelerator.v": verilog.read_text(), "host.sv": bench}
    program = verilator.build(sources, "host", folder / "programs", brief=len(images) < 10)
    said = verilator.run(program, {"pause": pause}, "litex")
    rows = [line.split()[1:] for line in said.splitlines() if line.startswith("result ")]
    return [[int(number) for number in row] for row in rows]


def main(argv: list[str] | None = None) -> int:
    """Simulate, compare, say so; 1 where a result differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", type=Path, default=flow.SHIPPED)
    parser.add_argument("--images", type=int, default=2)
    parser.add_argument("--array", default="8x2x16", help="that computes all layers")
    parser.add_argument("--pause", type=int, default=64, help="of 256 cycles, before an access")
    parser.add_argument("--out", type=Path, default=Path("build/litex"))
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    model = flow.load(args.model)
    if model.source:
        images = flow.load_images(model).test().first(args.images).images
    else:
        shape = (args.images, *model.image)
        images = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    found = simulate(model.design(array=args.array), images, args.out, args.pause)
    wanted = [
        [int(n), *map(int, s)]
        for n, s in zip(model.labels(images), model.scores(images), strict=True)
    ]
    same = sum(a == b for a, b in zip(found, wanted, strict=True))
    for row in found:
        print(f"label {row[0]}, scores {row[1:]}")
    print(f"{same} of {len(images)} results are those of the golden model")
    return int(same != len(images))


if __name__ == "__main__":
    raise SystemExit(main())
