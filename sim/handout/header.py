"""The comment at the head of a design's Verilog, and the lint rules that are waived in it."""

from __future__ import annotations

from fq_hw import __version__
from fq_hw.family import FAMILIES
from sim.handout.product import Product, quoted

__all__ = ["WAIVED", "header", "waived"]

WAIVED = {  # rules of `verilator --lint-only -Wall`, and why the text may break them
    "ASCRANGE": "a field of no bits is written [-1:0]; nothing reads it",
    "CASEINCOMPLETE": "what a case leaves out keeps the value assigned before the case",
    "DECLFILENAME": "all modules are in one file",
    "PINMISSING": "an open input of a carry cell is no input that is 0; a tree has no reset",
    "PROCASSINIT": "the value after power-up; a reset gives the same",
    "UNUSEDSIGNAL": "the fields of a stream have names of their own, for waveforms",
    "WIDTHEXPAND": "constants have the bits they need; the language extends them",
    "WIDTHTRUNC": "! of a word asks whether it is 0",
}


def waived(text: str) -> str:
    """``text`` without the warnings of ``WAIVED``, in what follows it neither more nor less."""
    rows = [f"/* verilator lint_off {rule} */ // {why}\n" for rule, why in WAIVED.items()]
    return f"/* verilator lint_save */\n{''.join(rows)}{text}/* verilator lint_restore */\n"


def header(product: Product, ports: list[str], speed: list[str]) -> str:
    """Who made it, what the ``ports`` mean, how fast it is beyond what ``speed`` says."""
    form = "plain, for any device"
    if FAMILIES[product.family].carry:
        form = f"in primitives of {product.family}; for simulation their behaviour comes beside it"
    lines = [
        f"{product.top}: network {quoted(product.plan.name)}, made by fq-hw {__version__}",
        "",
        *ports,
        "",
        *speed,
        f"dot products: {form}",
        f"classes, by label: {product.result.classes}" + ("" if product.classes else ", not named"),
        *(f"  {label} {quoted(name)}" for label, name in enumerate(product.classes)),
    ]
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)
