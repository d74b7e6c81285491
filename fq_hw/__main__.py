"""``python -m fq_hw``: the same as ``fq-hw``; torchrun starts it by this name."""

from fq_hw.entry import main

if __name__ == "__main__":
    main()
