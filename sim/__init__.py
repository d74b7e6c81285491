"""Simulation: vectors, stall patterns, Amaranth's simulator, cocotb and whole networks in Verilator."""
