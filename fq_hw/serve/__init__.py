"""A page on this machine alone that shows a network at work; ``fq-hw serve`` starts it."""

from fq_hw.serve.server import Address, open_port, serve

__all__ = ["Address", "open_port", "serve"]
