"""Amaranth's platforms of Tang boards, for the router of Gowin's devices that there is.

Pins that amaranth-boards does not have are those of litex-boards (2f06d08).
"""

from __future__ import annotations

from typing import ClassVar

from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.vendor import GowinPlatform
from amaranth_boards.resources import LEDResources, UARTResource
from amaranth_boards.tang_nano_9k import TangNano9kPlatform
from amaranth_boards.tang_primer_20k import TangPrimer20kDockPlatform

from fq_hw.family import FAMILIES

__all__ = ["TangMega138K", "TangNano9K", "TangNano20K", "TangPrimer20K", "TangPrimer25K"]

TOOLS = FAMILIES["gowin"].tools
ROUTE = """
    {{invoke_tool("%s")}}
        {{get_override("nextpnr_opts")|options}}
        --device {{platform.part}}
        --vopt family={{platform.die}}
        --vopt cst={{name}}.cst
        --json {{name}}.json
"""
PACK = """
    {{invoke_tool("gowin_pack")}}
        -d {{platform.die}}
        -o {{name}}.fs
        {{get_override("gowin_pack_opts")|options}}
        %s
"""


class Himbaechel:
    """Amaranth 0.5 calls nextpnr-gowin, which nextpnr has replaced by a router with other words."""

    required_tools = ("yosys", TOOLS.router, TOOLS.packer)

    @property
    def die(self) -> str:
        """The family without the memory in the package, of which router and packer know nothing."""
        return self.family.replace("R-", "-")

    @property
    def file_templates(self) -> dict[str, str]:
        """As Amaranth has them, but for the netlist: it is written last, as on other families."""
        found = dict(super().file_templates)
        script = found["{{name}}.ys"].replace(" -json {{name}}.syn.json", "").rstrip()
        return found | {"{{name}}.ys": f"{script}\nwrite_json {{{{name}}}}.json\n"}

    @property
    def command_templates(self) -> list[str]:
        """Synthesis, place and route, pack."""
        return [super().command_templates[0], ROUTE % TOOLS.router, PACK % TOOLS.config]


LEVELS = Attrs(IO_TYPE="LVCMOS33")


class TangNano9K(Himbaechel, TangNano9kPlatform):
    """The board as it comes."""


class TangPrimer20K(Himbaechel, TangPrimer20kDockPlatform):
    """The core board on its dock."""


class TangNano20K(Himbaechel, GowinPlatform):
    """The board as it comes; the SDRAM in the package is not used."""

    part, family = "GW2AR-LV18QN88C8/I7", "GW2AR-18C"
    default_clk = "clk27"
    resources: ClassVar = [
        Resource("clk27", 0, Pins("4", dir="i"), Clock(27e6), LEVELS),
        UARTResource(0, rx="70", tx="69", attrs=LEVELS),
        *LEDResources(pins="15 16 17 18 19 20", invert=True, attrs=LEVELS),
    ]
    connectors: ClassVar = []


class AroraV(Himbaechel):
    """Devices that Amaranth 0.5 does not know: the names of their parts, and Yosys's option."""

    die = ""  # as router and packer call it
    words: ClassVar[dict[str, str]] = {"synth_opts": "-family gw5a"}

    def parse_part(self) -> None:
        """Nothing: Amaranth takes a part's name apart for Gowin's own tools and for oscillators."""

    def toolchain_prepare(self, fragment, name, **overrides):
        """With what the tools must be told of the device."""
        return super().toolchain_prepare(fragment, name, **self.words | overrides)


class TangPrimer25K(AroraV, GowinPlatform):
    """The module on its dock, whose programmer has the UART."""

    part, family, die = "GW5A-LV25MG121NC1/I0", "GW5A-25A", "GW5A-25A"
    words: ClassVar = {
        "synth_opts": "-family gw5a -nolutram",  # nextpnr's GW5A-25A has no RAM16SDP4
        "nextpnr_opts": "--vopt sspi_as_gpio",  # gowin_pack makes no other bitstream for it
        "gowin_pack_opts": "--sspi_as_gpio --cpu_as_gpio",  # the clock's pin is D07 else
    }
    default_clk = "clk50"
    resources: ClassVar = [
        Resource("clk50", 0, Pins("E2", dir="i"), Clock(50e6), LEVELS),
        UARTResource(0, rx="B3", tx="C3", attrs=LEVELS),
    ]
    connectors: ClassVar = []


class TangMega138K(AroraV, GowinPlatform):
    """The module on its dock (Neo), whose programmer has the UART."""

    part, family, die = "GW5AST-LV138PG484AC1/I0", "GW5AST-138B", "GW5AST-138C"
    words: ClassVar = {
        **AroraV.words,
        "gowin_pack_opts": "--mspi_as_gpio --cpu_as_gpio",  # the clock's pin is EMCCLK else
    }
    default_clk = "clk50"
    resources: ClassVar = [
        Resource("clk50", 0, Pins("V22", dir="i"), Clock(50e6), LEVELS),
        UARTResource(0, rx="V14", tx="U15", attrs=LEVELS),
    ]
    connectors: ClassVar = []
