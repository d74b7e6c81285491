"""`make bench-opinions`: every shipped network by the papers' formulas, computed by others.

Float64 NumPy, onnxruntime, qonnx and LiteRT beside golden, activation by activation. Prints a table
and writes build/bench/opinions.json.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from opinions.compare import compare, from_checkpoint, from_config
from opinions.makers import MAKERS
from tqdm import tqdm

from fq_hw import flow
from fq_hw.flow.sizes import load_sized
from fq_hw.report import bench
from fq_hw.report.table import table

FILE, MODELS = Path("build/bench/opinions.json"), Path(__file__).parents[1] / "fq_hw" / "models"
COMMAND = "python tests/bench_opinions.py"  # make bench-opinions
IMAGES = {"NumPy": 20, "onnxruntime": 20, "qonnx": 3, "LiteRT": 20}  # of a small network
LARGE = 2**16  # pixels of an image: one of them, and qonnx, which takes minutes, is left out
HEAD = ("values", "different", "ties", "unjudged", "labels", "labels different")


def main() -> int:
    """Compare, tell; 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = sorted({path.stem for path in MODELS.iterdir()})
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NETWORK")
    args = parser.parse_args()
    lines, rows = [], []
    for name in tqdm(args.only, unit="network", disable=None):
        path = MODELS / f"{name}.safetensors"
        trained = path.is_file()
        path = path if trained else MODELS / f"{name}.toml"
        record, arrays = from_checkpoint(path) if trained else from_config(path)
        model = load_sized(path)
        large = record["image"][0] * record["image"][1] >= LARGE
        for who in MAKERS:
            if large and who == "qonnx":
                continue
            count = 1 if large else IMAGES[who]
            if trained:
                images = flow.load_images(model).test().images[:count]
            else:
                shape = (count, *record["image"])
                images = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
            found = compare(record, arrays, model.graph, who, images)
            lines.append((name, who, *(found[head] for head in HEAD)))
            tqdm.write(f"{name}, {who}: {dict(found)}")
            rows += [(f"{name}: {who}: {head}", found[head], head.split()[0], "golden", COMMAND)
                     for head in HEAD]  # fmt: skip
    if args.only == names:
        FILE.unlink(missing_ok=True)
        bench.update_rows(FILE, rows)
    print(table(("network", "computed by", *HEAD), lines))
    return 1 if any(line[3] or line[7] for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
