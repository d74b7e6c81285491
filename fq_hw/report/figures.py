"""The figures of a report, each with how it was got and the command that gets it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import partial

from fq_hw.report.layers import unit_of
from fq_hw.report.pictures.roofline import Limits
from fq_hw.report.records import Findings, GoldenRecord, RoutedRecord

__all__ = ["MEANINGS", "Figure", "commands", "figures", "golden_of", "head", "verdict"]

MEANINGS = {
    "float": "the trained float network on test images, as its file records it",
    "golden": "the integer model in NumPy on test images",
    "rtl-sim": "the emitted Verilog in Verilator, cycle by cycle",
    "model": "the cycle model, which equals simulation",
    "estimate": "prices fitted to synthesised units; block RAMs are counted",
    "routed": "nextpnr, after place and route",
    "data sheet": "the record of the board",
}
FULL = 99.5  # percent: busy all the time, as far as a reader is concerned


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure; ``value`` is None where nobody measured it, and ``command`` gets it."""

    name: str
    value: str | None
    unit: str
    how: str
    command: str
    note: str = ""


def commands(found: Findings) -> dict[str, str]:
    """The command behind each way of measuring."""
    design = found.design
    model = [design.model] if design.model else []

    def line(verb: str, *words: str) -> str:
        return shlex.join(["fq-hw", verb, *words])

    return {
        "float": "fq-hw train CONFIG.toml" if model else line("train"),
        "golden": line("golden", *model),
        "rtl-sim": line(
            "sim", *design.told, "--images", str(found.sim.images if found.sim else 50)
        ),
        "model": line("estimate", *design.told),
        "estimate": line("estimate", *design.told),
        "routed": line("build", *design.told, *design.build),
        "seeds": line("build", *design.told, *design.build, "--seeds", "8"),
    }


def rate(mhz: float, cycles: int) -> float:
    """Frames/s: clock over cycles per frame."""
    return mhz * 1e6 / cycles


def golden_of(found: Findings) -> GoldenRecord | None:
    """The golden record over most images."""
    known = [found.golden, found.sim and found.sim.golden]
    return max((one for one in known if one), key=lambda one: one.accuracy.images, default=None)


def share(used: int, have: int) -> str:
    """A part of the device, in words."""
    return f"{100 * used / have:.1f} % of {have:,}" if have else ""


def seed_of(routed: RoutedRecord) -> str:
    """Which seed a bitstream is of."""
    several = f", best of {len(routed.seeds)}" if len(routed.seeds) > 1 else ""
    return f"seed {routed.seed}{several}"


def figure(
    how: dict[str, str], name: str, value: str | None, unit: str, way: str, note: str = ""
) -> Figure:
    """A figure that was got in a ``way`` of which ``how`` has the command."""
    return Figure(name=name, value=value, unit=unit, how=way, command=how[way], note=note)


def head(found: Findings) -> list[Figure]:
    """The six figures at the top."""
    design, routed, device = found.design, found.routed, found.design.device
    row = partial(figure, commands(found))
    cells, cycles = "routed" if routed else "estimate", "rtl-sim" if found.sim else "model"
    lut, ebr = (routed.lut4, routed.ebr) if routed else (design.lut, design.ebr)
    interval = found.sim.interval if found.sim else design.interval
    golden = golden_of(found)
    accuracy = golden and golden.accuracy
    return [
        row("frames/s", f"{rate(routed.fmax_mhz, interval):,.0f}" if routed else None, "", "routed",
            "routed clock / cycles per frame"),
        row("clock", f"{routed.fmax_mhz:.1f}" if routed else None, "MHz", "routed",
            seed_of(routed) if routed else ""),
        row("cycles per frame", f"{interval:,}", "", cycles, f"latency {design.latency:,}"),
        row("LUT4", f"{lut:,}", "", cells, share(lut, device.lut)),
        row("block RAMs", f"{ebr:,}", "EBR", cells, share(ebr, device.ebr)),
        row("accuracy", f"{accuracy.percent:.2f}" if accuracy else None, "%", "golden",
            f"{accuracy.right:,} of {accuracy.images:,} images" if accuracy else ""),
    ]  # fmt: skip


def figures(found: Findings) -> list[Figure]:
    """Every figure of the page, for the table at its end."""
    design, routed, sim, device = found.design, found.routed, found.sim, found.design.device
    row = partial(figure, commands(found))
    golden = golden_of(found)
    accuracy = golden and golden.accuracy
    rows = [
        row(
            "accuracy, float network",
            f"{design.accuracy.percent:.2f}" if design.accuracy else None,
            "%",
            "float",
        ),
        row("accuracy, integers", f"{accuracy.percent:.2f}" if accuracy else None, "%", "golden"),
        row("accuracy, Verilog", f"{sim.simulated.percent:.2f}" if sim else None, "%", "rtl-sim"),
        row("levels that differ", f"{sim.levels_wrong:,} of {sim.levels:,}" if sim else None, "",
            "rtl-sim"),
        row("scores that differ", f"{sim.scores_wrong:,} of {sim.scores:,}" if sim else None, "",
            "rtl-sim"),
        row("cycles per frame", f"{design.interval:,}", "cycles", "model"),
        row("cycles per frame", f"{sim.interval:,}" if sim else None, "cycles", "rtl-sim"),
        row("latency", f"{design.latency:,}", "cycles", "model"),
        row("latency", f"{sim.latency:,}" if sim else None, "cycles", "rtl-sim"),
        row("busy share, time line", "by unit", "", "model"),
        row("LUT4", f"{design.lut:,}", "LUT4", "estimate", f"prices of {design.priced}"),
        row("FF", f"{design.ff:,}", "FF", "estimate", f"prices of {design.priced}"),
        row("block RAMs of the network", f"{design.ebr:,}", "EBR", "estimate"),
        row("multipliers", f"{design.multipliers:,}", "", "estimate"),
        row("LUT4", f"{routed.lut4:,}" if routed else None, "LUT4", "routed"),
        row("FF", f"{routed.ff:,}" if routed else None, "FF", "routed"),
        row("block RAMs", f"{routed.ebr:,}" if routed else None, "EBR", "routed"),
        row("multipliers", f"{routed.multipliers:,}" if routed else None, "", "routed"),
        row("clock", f"{routed.fmax_mhz:.1f}" if routed else None, "MHz", "routed",
            f"{routed.router}, aims for {routed.aim_mhz:g} MHz" if routed else ""),
        row("frames/s", f"{rate(routed.fmax_mhz, design.interval):,.0f}" if routed else None,
            "frames/s", "routed", "clock / cycles per frame"),
    ]  # fmt: skip
    link = Figure(
        name="frames/s through the link",
        value=f"{device.link_frames_per_second:,.1f}",
        unit="frames/s",
        how="data sheet",
        command="",
        note=f"{device.link}, {device.link_bytes:,} bytes a frame",
    )
    return [*rows, link]


def verdict(found: Findings, bounds: Limits | None) -> list[str]:
    """What limits frames/s, in sentences: the unit, the other layers, then the board's link."""
    design, routed, device = found.design, found.routed, found.design.device
    busiest = next(unit for unit in design.units if unit.name == design.busiest)
    folded = [row.busy_percent for row in design.layers if row.busy_percent is not None]
    full = [percent for percent in folded if percent >= FULL]
    said = [
        f"The bottleneck is {busiest.name}, busy in {busiest.cycles:,} of a frame's "
        f"{design.interval:,} cycles."
    ]
    if len(folded) > 1:
        said.append(f"{len(full)} of {len(folded)} layers are busy all the time.")
    if bounds:
        said.append(
            f"{bounds.reached:,.0f} of {bounds.installed:,} installed MAC per cycle are used "
            f"({100 * bounds.reached / bounds.installed:.1f} %)."
        )
    if design.slower:
        said.append(design.slower.removeprefix("note: ").capitalize() + ".")
    if routed and routed.slowest:
        path = routed.slowest
        begins, ends = unit_of(path.begins, design), unit_of(path.ends, design)
        where = f"from {begins} to {ends}" if begins != ends else f"inside {begins}"
        said.append(
            f"The clock is limited by a path {where}: {path.cells_ns + path.wires_ns:.1f} ns, "
            f"{path.wires_ns:.1f} ns of them wires."
        )
    clock = routed.clock_mhz if routed else device.clock_mhz
    core = rate(clock, design.interval)
    if device.link_frames_per_second < core:
        said.append(
            f"On the board at {clock:g} MHz the {device.link} is slower still: it carries "
            f"{device.link_frames_per_second:,.1f} frames/s of the core's {core:,.0f}."
        )
    return said
