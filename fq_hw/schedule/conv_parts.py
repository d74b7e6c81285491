"""The units that one convolution owns: the only ones whose size depends on its fold.

Lowering places them and the solver prices them, so both take them from here.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from fq_hw.errors import FoldingError, require
from fq_hw.ir import Axis
from fq_hw.schedule import units
from fq_hw.schedule.folding import Fold
from fq_hw.schedule.memories import fewest_pieces, taken
from fq_hw.schedule.units.engine import EngineUnit

__all__ = ["ConvParts", "ConvSite", "Engine", "blocks_of", "conv_parts", "converters"]


Engine = units.ConvUnit | units.DepthwiseUnit | units.ProductUnit

SAVES = 2  # block RAMs, for which an embedding goes behind its window
SHALLOW = 32  # words of a ring that is cheap in distributed RAM: two of its cells


@dataclass(frozen=True, kw_only=True)
class ConvSite:
    """A convolution and the streams around it: all that its units depend on but the fold.

    shape, lanes_in   of the tensor it reads, H,W,C; lanes_out of the one it makes
    planes            of its weights, all alike (``masked`` or not), the top one maybe ``inverted``;
                      bits of a weight where it is ``depthwise``
    weight_bits       of its weights in two's complement
    bursts            whether its pixels may come a row at once, and then none for as long
    embed             the pixel embedding that nobody else reads, if one makes what it reads
    """

    name: str = field(compare=False)
    shape: tuple[int, int, int]
    cout: int
    down: Axis
    across: Axis
    act_bits: int
    lanes_in: int
    lanes_out: int
    pad_level: int = 0
    planes: int = 1
    weight_bits: int = 1
    masked: bool = False
    inverted: bool = False
    bursts: bool = False
    embed: units.EmbedUnit | None = None
    groups: int = 1
    depthwise: bool = False

    def combined(self, fold: Fold) -> bool:
        """Whether the planes' sums must be brought together."""
        return not (self.depthwise or fold.dsp) and (self.planes > 1 or self.inverted)

    def channels(self, fold: Fold) -> int:
        """Channels of its engine: each plane is one."""
        return self.cout if self.depthwise or fold.dsp else self.cout * self.planes

    @property
    def padded(self) -> bool:
        """Whether windows may lie partly outside the image."""
        return self.down.padded or self.across.padded


@dataclass(frozen=True, kw_only=True)
class ConvParts:
    """One convolution's units: converters before, window, weight ROM, engine, what comes after.

    ``before`` and ``after`` are chains of (name's ending, unit); ``carrier`` is the ending of the
    first unit whose stream is the result, in raster order. ``embed`` stands before all of them, or
    ``late_embed`` behind the window, where one of them is the convolution's own.
    """

    before: tuple[tuple[str, units.Unit], ...]
    window: units.WindowUnit
    weights: units.RomUnit
    engine: Engine
    after: tuple[tuple[str, units.Unit], ...]
    carrier: str
    embed: units.EmbedUnit | None = None
    late_embed: units.LateEmbedUnit | None = None

    @cached_property
    def path(self) -> tuple[units.Unit, ...]:
        """Units that the pixels pass, in order."""
        before, after = ([unit for _, unit in chain] for chain in (self.before, self.after))
        way = self.embed, *before, self.window, self.late_embed, self.engine, *after
        return tuple(unit for unit in way if unit is not None)

    @property
    def units(self) -> tuple[units.Unit, ...]:
        """All of them."""
        return (*self.path, self.weights)

    @property
    def beats(self) -> int:
        """Cycles a frame takes at least."""
        return max(unit.beats for unit in self.path)

    @property
    def held(self) -> int:
        """Pixels under way while nothing waits: a group in the engine, two being reordered."""
        reorders = any(isinstance(unit, units.ReorderUnit) for unit in self.path)
        return self.window.group * (3 if reorders else 1)

    @property
    def cycles(self) -> int:
        """Registers on the way, in which pixels are under way as well."""
        return sum(delay(unit) for unit in self.path)


def delay(unit: units.Unit) -> int:
    """Cycles through ``unit``, without waiting for the rest of a window or group."""
    match unit:
        case EngineUnit():
            return unit.sum_cycles + 2
        case units.WindowUnit():
            return unit.delay
        case units.ReorderUnit():
            return unit.ASK + units.READ
        case _:
            return unit.latency()


def converters(
    channels: int,
    pixels: int,
    lanes: tuple[int, int],
    bits: int,
    ending: str,
    signed: bool = False,
) -> list[tuple[str, units.ConvertUnit]]:
    """Converters from one number of lanes to another, through their greatest common divisor."""
    low = math.gcd(*lanes)
    steps = [(lanes[0], low, f"{ending}.narrow"), (low, lanes[1], ending)]
    if low in lanes:
        steps = [(*lanes, ending)]
    unit = functools.partial(
        units.ConvertUnit, channels=channels, pixels=pixels, bits=bits, signed=signed
    )
    ways = [(name, into, out) for into, out, name in steps if into != out]
    return [(name, unit(lanes_in=into, lanes_out=out)) for name, into, out in ways]


class Core(NamedTuple):
    """What depends on no other stream."""

    window: units.WindowUnit
    late_embed: units.LateEmbedUnit | None
    weights: units.RomUnit
    engine: Engine


def blocks_of(*made: units.Unit) -> int:
    """Block RAMs that they take."""
    return sum(taken(unit.parts().memories) for unit in made)


def of_pixels(
    site: ConvSite, fold: Fold, window: units.WindowUnit
) -> tuple[units.WindowUnit, units.LateEmbedUnit | None]:
    """The window of pixels and the embedding behind it, where they take fewer blocks.

    That is where lines of bytes are so much smaller than lines of levels that the tables may be
    as many as are read at once. Not for less than SAVES: behind a window a tensor is seen in
    windows alone.
    """
    embed = site.embed
    whole = embed and fold.simd % embed.length == 0 and site.groups == 1
    lanes = fold.simd // embed.length if embed and whole else 0
    if not lanes or embed.colours % lanes or not blocks_of(embed):
        return window, None
    bytes_of = replace(window, channels=embed.colours, lanes=lanes, in_bits=8, held=True)
    behind = units.LateEmbedUnit(
        colours=embed.colours,
        length=embed.length,
        bits=embed.bits,
        tables=embed.tables,
        lanes=lanes,
        columns=fold.columns,
        hold=fold.hold,
        padded=site.padded,
    )
    saved = blocks_of(embed, window) - blocks_of(bytes_of, behind)
    return (bytes_of, behind) if saved >= SAVES else (window, None)


def check_groups(site: ConvSite, fold: Fold) -> None:
    """Refuse a fold by which a PE, or a beat, would belong to two groups."""
    if site.groups == 1:
        return
    reads, makes = site.shape[2] // site.groups, site.channels(fold) // site.groups
    if site.depthwise:
        reads, makes = 1, site.cout
    fits = makes % fold.pe == 0 and reads % fold.simd == 0
    where, contract = f"folding {site.name!r}", f"pe must divide {makes}, simd {reads}"
    require(fits, where, contract, (fold.pe, fold.simd), kind=FoldingError)
    contract = "a depthwise convolution holds no weights"
    require(fold.hold == 1 or not site.depthwise, where, contract, fold.hold, kind=FoldingError)


def engine_of(site: ConvSite, fold: Fold, pixels: int) -> Engine:
    """The engine of ``pixels`` windows."""
    more = {
        "taps": site.down.kernel * site.across.kernel,
        "pixels": pixels,
        "pe": fold.pe,
        "act_bits": site.act_bits,
        "columns": fold.columns,
        "hold": fold.hold,
        "padded": site.padded,
        "pad_level": site.pad_level if site.padded else 0,
    }
    if site.depthwise:
        return units.DepthwiseUnit(cout=site.cout, weight_bits=site.planes, dsp=fold.dsp, **more)
    if fold.dsp:
        return units.ProductUnit(
            cin=site.shape[2] // site.groups,
            cout=site.cout,
            simd=fold.simd,
            weight_bits=site.weight_bits,
            **more,
        )
    return units.ConvUnit(
        cin=site.shape[2] // site.groups,
        cout=site.cout * site.planes,
        simd=fold.simd,
        masked=site.masked,
        levels_per_stage=fold.levels_per_stage,
        **more,
    )


@functools.lru_cache(maxsize=2**16)
def core(site: ConvSite, fold: Fold) -> Core:
    """The units that depend on no other stream: ``site`` has lanes of 1."""
    height, width, cin = site.shape
    check_groups(site, fold)
    repeats = units.ceil_div(site.channels(fold) // site.groups, fold.pe)
    window_of = functools.partial(
        units.WindowUnit,
        channels=cin,
        lanes=fold.pe if site.depthwise else fold.simd,
        in_bits=site.act_bits,
        down=site.down,
        across=site.across,
        repeats=1 if site.depthwise else repeats,
        columns=fold.columns,
        hold=fold.hold,
        channel_parts=cin // fold.pe if site.depthwise else site.groups,
    )
    window = window_of(height=height, width=width)
    if site.down.plain and site.across.plain and not site.bursts:
        # No lines are needed: a group of pixels is a row. One is read, one comes, others are told.
        spare = units.ceil_div(window.TOLD, fold.group * window.slices)
        across = fold.group
        groups = window_of(height=height * width // across, width=across, spare=spare)
        window = groups if groups.depth <= min(SHALLOW, window.depth) else window
    engine = engine_of(site, fold, window.out_height * window.out_width)
    window, late_embed = of_pixels(site, fold, window)
    weights = weight_rom(engine.nf * engine.sf, engine.i_weight.width, fold)
    return Core(window, late_embed, weights, engine)


def conv_parts(site: ConvSite, fold: Fold) -> ConvParts:
    """The units of ``site`` folded by ``fold``. Raises FoldingError naming the layer."""
    height, width, cin = site.shape
    window, late_embed, weights, engine = core(replace(site, lanes_in=1, lanes_out=1), fold)
    if late_embed:
        channels, bits, lanes = window.channels, window.in_bits, (window.channels, window.lanes)
    else:
        channels, bits, lanes = cin, site.act_bits, (site.lanes_in, window.lanes)
    before = converters(channels, height * width, lanes, bits, ".pack")
    combined = site.combined(fold)
    lanes_out = site.lanes_out * (site.planes if combined else 1)
    after, carrier = in_order(site, engine, lanes_out)
    if combined:
        unit = units.PlaneUnit(
            channels=site.cout,
            pixels=engine.pixels,
            lanes=site.lanes_out,
            planes=site.planes,
            in_bits=engine.raw_bits,
            inverted=site.inverted,
        )
        after, carrier = [*after, (".planes", unit)], ".planes"
    return ConvParts(
        before=tuple(before),
        window=window,
        weights=weights,
        engine=engine,
        after=tuple(after),
        carrier=carrier,
        embed=None if late_embed else site.embed,
        late_embed=late_embed,
    )


def weight_rom(depth: int, width: int, fold: Fold) -> units.RomUnit:
    """The ROM of the weight words: in block RAM in as many pieces as take the fewest blocks."""
    rom = functools.partial(units.RomUnit, depth=depth, width=width, rom=fold.rom, late=True)
    whole = rom()
    return rom(pieces=fewest_pieces(depth, width, fold.hold)) if whole.in_block_ram else whole


def fewer_banks(reorder: units.ReorderUnit, cycles: int) -> units.ReorderUnit:
    """With two banks where these take fewer blocks, and frames of ``cycles`` leave time for it."""
    if reorder.group_beats < reorder.LARGE:
        return reorder
    two = replace(reorder, banks=2)
    fewer = blocks_of(two) < blocks_of(reorder)
    return two if two.beats <= cycles and fewer else reorder


def in_order(
    site: ConvSite, engine: Engine, lanes_out: int
) -> tuple[list[tuple[str, units.Unit]], str]:
    """What brings the engine's sums into raster order and to the lanes of whoever takes them."""
    pixels, cout, bits = engine.pixels, engine.cout, engine.raw_bits
    if engine.group == 1:
        return converters(cout, pixels, (engine.pe, lanes_out), bits, ".unpack"), ""
    made = engine.nf * engine.pe  # channels, those of idle PEs among them
    groups, together = pixels // engine.group, engine.group * made
    ordered = engine.nf == 1  # pixel by pixel all channels
    lanes = lanes_out if ordered else math.gcd(engine.pe, lanes_out)
    unpack = converters(together, groups, (engine.o.lanes, lanes), bits, ".unpack")
    if ordered:
        return unpack, ".unpack"
    reorder = units.ReorderUnit(
        columns=engine.group,
        folds=engine.nf,
        slices=engine.pe // lanes,
        lanes=lanes,
        bits=bits,
        groups=groups,
        idle=(made - cout) // lanes,
    )
    reorder = fewer_banks(reorder, engine.beats)
    widen = converters(cout, pixels, (lanes, lanes_out), bits, ".widen")
    return [*unpack, (".reorder", reorder), *widen], ".reorder"
