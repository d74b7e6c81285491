"""Simulation: Amaranth's simulator, cocotb, and whole networks in Verilator."""
