"""A netlist behind synthesis, routing or packing, in Verilator with models of its cells."""
