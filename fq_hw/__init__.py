"""Fully quantized neural networks for FPGAs, from checkpoint to bitstream."""

__all__ = ["__version__"]
__version__ = "0.1.0"
