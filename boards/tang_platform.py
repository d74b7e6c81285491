"""Amaranth's platforms of Tang boards, for the router of Gowin's devices that there is."""

from __future__ import annotations

from amaranth_boards.tang_nano_9k import TangNano9kPlatform
from amaranth_boards.tang_primer_20k import TangPrimer20kDockPlatform

from fq_hw.family import FAMILIES

__all__ = ["TangNano9K", "TangPrimer20K"]

TOOLS = FAMILIES["gowin"].tools
ROUTE = """
    {{invoke_tool("%s")}}
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


class TangNano9K(Himbaechel, TangNano9kPlatform):
    """The board as it comes."""


class TangPrimer20K(Himbaechel, TangPrimer20kDockPlatform):
    """The core board on its dock."""
