"""The files that a design's Verilog comes in."""

from __future__ import annotations

import numpy as np
from amaranth.lib import wiring

from fq_hw import golden
from fq_hw.ir import Graph
from rtl_gen.emit import to_verilog
from sim.handout.example import bench, instance
from sim.handout.header import header, waived
from sim.handout.product import Product
from sim.network import pixel_lines
from sim.primitives import twins

__all__ = ["design", "handout"]


def design(product: Product, core: wiring.Component) -> str:
    """The Verilog of ``core``, which is an accelerator of the product's plan and form."""
    return header(product) + waived(to_verilog(core, product.top))


def handout(product: Product, graph: Graph, image: np.ndarray, stem: str) -> dict[str, str]:
    """What comes beside the design, by name: ``stem`` and what each is.

    The bench shows ``image`` (uint8 H,W,C) and expects what the golden model makes of it. The
    behaviour of primitives is there where the product's form has any.
    """
    tensors = golden.run(graph, image[None])
    scores, label = (tensors[op.name].reshape(-1) for op in graph.ops[-2:])
    pixels = f"{stem}_pixels.hex"
    primitives = "".join(waived(text) for text in twins(product.family).values())
    return {
        f"{stem}_inst.v": instance(product),
        f"{stem}_bench.v": bench(product, pixels, label[0], scores),
        pixels: pixel_lines(image),
    } | ({f"{stem}_primitives.v": primitives} if primitives else {})
