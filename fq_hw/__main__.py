"""``python -m fq_hw``: the same as ``fq-hw``; torchrun starts it by this name."""

import sys

from fq_hw.cli import main

if __name__ == "__main__":
    sys.exit(main())
