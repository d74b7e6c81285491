"""Proofs of the components, with what the wheel of Yosys brings: `make prove` runs them all.

``circuit`` makes an and-inverter graph of a component, ``reach`` walks through every state that it
can be in, ``induct`` finds an inductive invariant where there are too many, ``sums`` follows
integers through adders. The files named after a property say what is proven with them, and of what.
"""
