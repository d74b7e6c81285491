"""Torch layers, quantizers, networks and training. Nothing to the right of this package needs torch."""
