"""How a bench is run, and the lint rules that it breaks."""

__all__ = ["commands"]


def commands(top: str, *files: str) -> str:
    """The head of the bench of ``top``, which reads ``files``, behind its first line."""
    return f"""// Where this file, {" and ".join(files)} are, with the design's file as DESIGN.v
// (where *_primitives.v is there too, add it):
//   $ iverilog -g2005 -s {top}_bench -o bench.vvp DESIGN.v {top}_bench.v
//   $ vvp bench.vvp
//   $ verilator --binary --top-module {top}_bench DESIGN.v {top}_bench.v
//   $ obj_dir/V{top}_bench
// The last line is "{top}: PASS" or "{top}: FAIL".
/* verilator lint_save */
/* verilator lint_off DECLFILENAME */ // the file may have the network's name
/* verilator lint_off WIDTHTRUNC */ // the pixel is chosen by an integer
"""
