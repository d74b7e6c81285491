"""Torch layers, quantizers, networks and training. Nothing right of this package needs it."""
