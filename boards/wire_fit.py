"""What bits cost in wires on their way to dot products: fitted to layers placed alone.

All layers of SHAPES do the same work, as many products a cycle. What they differ in is how many
bits come out of block RAMs for these, and by how much their wires are longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from boards.fit import fit
from boards.layer_alone import layer_alone
from boards.measure import measure
from fq_hw.family import FAMILIES
from fq_hw.ir import Axis
from fq_hw.schedule.conv_parts import ConvParts, ConvSite, conv_parts
from fq_hw.schedule.folding import Fold

__all__ = ["SHAPES", "SITE", "layers", "prices_of", "terms", "wire_prices"]

SITE = ConvSite(
    name="conv", shape=(16, 16, 64), cout=64, down=Axis.half(3), across=Axis.half(3), act_bits=2,
    lanes_in=8, lanes_out=8,
)  # fmt: skip
SHAPES = (  # PE, SIMD, columns
    (16, 32, 1), (8, 32, 2), (8, 64, 1), (4, 64, 2), (16, 16, 2), (32, 16, 1), (4, 32, 4),
)  # fmt: skip
LUT = "lut"
AIM_MHZ = 110
# Tiles of wire that a LUT4 has: the most that has been routed on an LFE5U-85F (ern20, 2026-11),
# over its LUT4. A LUT4 costs a site with so much wire and its own wire beside.
ITS_SHARE = 455_411 / 83_640


def layers() -> Iterator[tuple[Fold, ConvParts]]:
    """The folds that are placed, and what they are made of."""
    for pe, simd, columns in SHAPES:
        fold = Fold(pe=pe, simd=simd, columns=columns, levels_per_stage=2)
        yield fold, conv_parts(SITE, fold)


def terms(parts: ConvParts) -> dict[str, float]:
    """The bits out of block RAMs, by the names of their prices."""
    return {**parts.engine.parts().wires, **parts.weights.parts().wires}


def wire_prices(family: str, report: Callable[[str], None]) -> dict[str, float]:
    """Of a bit of each kind, in LUT4."""
    rows, lengths = [], []
    for number, (fold, parts) in enumerate(layers(), 1):
        report(f"{number}/{len(SHAPES)} {fold}")
        layer, _ = layer_alone(SITE, fold, family)
        found = measure(layer, FAMILIES[family].largest, route=False, place=True, mhz=AIM_MHZ)
        rows.append({LUT: found.lut4, **terms(parts)})
        lengths.append(found.wirelen)
    return prices_of(rows, lengths)


def prices_of(rows: Sequence[Mapping[str, float]], lengths: Sequence[float]) -> dict[str, float]:
    """The same from what each layer has, its LUT4 among them, and the lengths of its wires."""
    found = fit(rows, lengths)
    each = found.pop(LUT) + ITS_SHARE
    return {name: round(length / each, 3) for name, length in found.items()}
