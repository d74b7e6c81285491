"""What comes with a design's Verilog: a header, an instantiation, a bench and primitives."""

from sim.handout.files import design, handout, head
from sim.handout.product import Product, check_top

__all__ = ["Product", "check_top", "design", "handout", "head"]
