"""The files that a design's Verilog comes in."""

from __future__ import annotations

import numpy as np
from amaranth.lib import wiring

from bus import Kind
from bus.words import frame_words
from fq_hw import golden
from fq_hw.ir import Graph
from rtl_gen.emit import to_verilog
from sim.handout import axi_stream, stream, wishbone
from sim.handout.header import header, waived
from sim.handout.product import Product
from sim.network import pixel_lines
from sim.primitives import twins

__all__ = ["design", "handout", "head"]

FORMS = {Kind.STREAM: stream, Kind.AXI4_STREAM: axi_stream, Kind.WISHBONE: wishbone}


def head(product: Product) -> str:
    """The comment at the head of a design."""
    form = FORMS[product.kind]
    return header(product, form.ports(product), form.speed(product))


def design(product: Product, core: wiring.Component) -> str:
    """The Verilog of ``core``, which has the product's plan, form and ports."""
    return head(product) + waived(to_verilog(core, product.top))


def stimulus(product: Product, image: np.ndarray) -> str:
    """An image as the beats that a bench offers, a line each."""
    if product.kind == Kind.STREAM:
        return pixel_lines(image)
    geometry = product.geometry
    words = frame_words(image[None], geometry)
    return "".join(f"{word:0{geometry.in_bits // 4}x}\n" for word in words)


def handout(product: Product, graph: Graph, image: np.ndarray, stem: str) -> dict[str, str]:
    """What comes beside the design, by name: ``stem`` and what each is.

    The bench shows ``image`` (uint8 H,W,C) and expects what the golden model makes of it. The
    behaviour of primitives is there where the product's form has any, and C where it has registers.
    """
    tensors = golden.run(graph, image[None])
    scores, form = tensors[graph.ops[-2].name].reshape(-1), FORMS[product.kind]
    pixels, results = f"{stem}_pixels.hex", f"{stem}_result.hex"
    files = {
        f"{stem}_inst.v": form.instance(product),
        f"{stem}_bench.v": form.bench(product, pixels, results),
        pixels: stimulus(product, image),
        results: form.expected(product, scores),
    }
    if product.kind == Kind.WISHBONE:
        files[f"{stem}.h"] = wishbone.c_header(product)
    primitives = "".join(waived(text) for text in twins(product.family).values())
    return files | ({f"{stem}_primitives.v": primitives} if primitives else {})
