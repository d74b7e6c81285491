"""Which options of ``fq-hw search`` do something in which of its variants."""

from __future__ import annotations

import argparse

from fq_hw.errors import require
from fq_hw.fixed.search import SearchConfig, Shape, Variant

__all__ = ["config_of"]

SEARCHES = (Variant.LAYERWISE, Variant.INDEPENDENT)
LAYERWISE = (Variant.LAYERWISE,)


def config_of(args: argparse.Namespace) -> SearchConfig:
    """What to search for; raises ParameterError, by name, for an option without effect."""
    variant, defaults = Variant(args.variant), SearchConfig()
    for option, given, variants in (
        ("--target", args.target, SEARCHES),
        ("--resume", args.resume or None, SEARCHES),
        ("--hardest", args.hardest, SEARCHES),
        ("--shape", args.shape, LAYERWISE),
        ("--second-look", args.second_look, LAYERWISE),
    ):
        contract = f"has no effect on --variant {variant.value}"
        require(given is None or variant in variants, option, contract, given)
    spare = args.second_look
    require(spare is None or 0 <= spare <= 8, "--second-look", "must be in 0..8", spare)
    require(args.copies >= 1, "--copies", "must be at least 1", args.copies)
    moved = args.copies > 1 or not args.mirror
    require(
        moved, "--mirror", "mirrors half of the copies, and there are none", hint="add --copies"
    )
    return SearchConfig(
        variant=variant,
        shape=defaults.shape if args.shape is None else Shape(args.shape),
        target=defaults.target if args.target is None else args.target,
        bits=args.bits,
    )
