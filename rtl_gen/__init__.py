"""Amaranth generators: one component a unit, and the accelerator that joins them."""
