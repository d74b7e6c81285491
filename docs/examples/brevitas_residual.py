"""From Brevitas to a bitstream: train a small residual network, export it, hand it to fq-hw.

    pip install -e '.[data,hw,train,onnx,brevitas]'
    python docs/examples/brevitas_residual.py --weight-bits 1 --act-bits 2 --out build/net.onnx
    fq-hw import build/net.onnx
    fq-hw verify build/net.graph.safetensors --against build/net.onnx
    fq-hw sim build/net.graph.safetensors
    fq-hw build build/net.graph.safetensors --board ulx3s-85f

What fits the hardware: every convolution and dense layer has quantized weights and reads quantized
activations of one scale for the tensor; both branches of a sum pass the same quantizer, so that
their scales are one; a norm stands between a convolution and its quantizer, where it folds away.
"""

import argparse
from pathlib import Path

import brevitas.nn as qnn
import torch
from brevitas.export import export_qonnx
from brevitas.quant import Int8WeightPerTensorFloat, SignedBinaryWeightPerTensorConst
from torch import nn
from torch.nn import functional as F

from fq_hw.data import DataKind, load


class Residual(nn.Module):
    """Two convolutions, and a skip that passes the quantizer of the sum's other side."""

    def __init__(self, width: int, conv, act_bits: int):
        super().__init__()
        self.branch = nn.Sequential(
            conv(width, width), nn.BatchNorm2d(width), qnn.QuantReLU(bit_width=act_bits),
            conv(width, width), nn.BatchNorm2d(width),
        )  # fmt: skip
        self.both = qnn.QuantIdentity(bit_width=act_bits + 1)
        self.act = qnn.QuantReLU(bit_width=act_bits)

    def forward(self, x):
        return self.act(self.both(self.branch(x)) + self.both(x))


class Net(nn.Module):
    """A stem on 8-bit pixels, a residual block, max pools, a dense layer."""

    def __init__(self, weight_bits: int = 1, act_bits: int = 2, width: int = 8, classes: int = 10):
        super().__init__()
        binary = weight_bits == 1
        quant = SignedBinaryWeightPerTensorConst if binary else Int8WeightPerTensorFloat
        weights = {"weight_quant": quant} | ({} if binary else {"weight_bit_width": weight_bits})

        def conv(cin: int, cout: int) -> nn.Module:
            return qnn.QuantConv2d(cin, cout, 3, padding=1, bias=False, **weights)

        self.layers = nn.Sequential(
            qnn.QuantIdentity(bit_width=8),
            conv(3, width), nn.BatchNorm2d(width), qnn.QuantReLU(bit_width=act_bits),
            nn.MaxPool2d(2), Residual(width, conv, act_bits),
            nn.MaxPool2d(4), conv(width, width), nn.BatchNorm2d(width),
            qnn.QuantReLU(bit_width=act_bits), nn.Flatten(),
            qnn.QuantLinear(16 * width, classes, bias=False, **weights),
        )  # fmt: skip

    def forward(self, x):
        return self.layers(x)


def train(net: nn.Module, steps: int, batch: int = 64) -> None:
    """Adam on the built-in digits over photographs; the steps are few, the point is the path."""
    split = load(DataKind.DIGITS, None, (32, 32, 3)).train(0)
    images = torch.from_numpy(split.images).permute(0, 3, 1, 2).float() / 255
    labels = torch.from_numpy(split.labels)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for step in range(steps):
        chosen = torch.randint(len(labels), (batch,))
        loss = F.cross_entropy(net(images[chosen]), labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}")


def export(net: nn.Module, path: Path) -> None:
    """By Brevitas's own exporter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    export_qonnx(net.eval(), torch.rand(1, 3, 32, 32), str(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weight-bits", type=int, default=1)
    parser.add_argument("--act-bits", type=int, default=2)
    parser.add_argument("--steps", type=int, default=400, help="about a minute on one core")
    parser.add_argument("--out", type=Path, default=Path("build/net.onnx"))
    args = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    net = Net(args.weight_bits, args.act_bits)
    train(net, args.steps)
    export(net, args.out)
    print(f"written: {args.out}")


if __name__ == "__main__":
    main()
