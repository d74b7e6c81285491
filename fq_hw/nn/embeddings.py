"""What the first convolution sees: uint8 images N,H,W,C to maps N,C*length,H,W.

Sources: Tokunaga et al. 2024 (learned table); Takahashi et al. 2024 (thermometer).
"""

from __future__ import annotations

import enum

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fq_hw.layers import Activation, Embedding, EmbeddingKind
from fq_hw.network import Network
from fq_hw.nn.quantizers import half_wave
from fq_hw.pixel_codes import fixed_table
from fq_hw.thermometer import thermometer_table

__all__ = ["FixedEmbedding", "PixelEmbedding", "PixelValues", "TableStart", "make_embedding"]


class TableStart(enum.Enum):
    """What a learned table is before training.

    THERMOMETER: its code, every entry in the middle of its level. RAMP: the same code by a slope,
    so that entries lie everywhere between two levels and small steps change some. RANDOM: normal
    noise around the middle of the range, with a quarter of it as deviation.
    """

    THERMOMETER = "thermometer"
    RAMP = "ramp"
    RANDOM = "random"


def slope(length: int, steps: int) -> np.ndarray:
    """The thermometer before it is rounded: levels of shape 256,length, real, in 0..steps."""
    s = max(1, 255 // (steps * length))
    rank = (np.arange(length) + 1) / length
    return (np.arange(256)[:, None] / (s * length) + 1 - rank - 0.5).clip(0, steps)


class PixelEmbedding(nn.Module):
    """Levels 0..3 by a learned table.

    ``table`` has shape T,256,length with T = 1 (shared by the colours) or C; it is quantized, then
    gathered. Channel index = colour * length + i. Source: Tokunaga et al. 2024.
    """

    def __init__(
        self,
        colours: int,
        length: int,
        shared: bool,
        activation: Activation,
        start: TableStart = TableStart.THERMOMETER,
    ):
        super().__init__()
        self.activation = activation
        self.colours = colours
        self.embedding = Embedding(length=length, shared=shared)
        tables = 1 if shared else colours
        if start is TableStart.RANDOM:
            table = torch.randn(tables, 256, length).mul_(0.5).add_(1)
            table = table.mul_(activation.max_value / 2).clamp_(0, activation.max_value)
        else:
            if start is TableStart.RAMP:
                levels = torch.from_numpy(slope(length, activation.steps)).float()
            else:  # every entry where the quantizer passes a gradient
                levels = torch.from_numpy(thermometer_table(length)).float().clamp(0.05, 2.95)
            table = (levels * activation.step).expand(tables, -1, -1).clone()
        self.table = nn.Parameter(table)

    def forward(self, images: Tensor) -> Tensor:
        # Always in float32, as export does: an entry may lie on the edge between two levels.
        rows = half_wave(self.table.float(), self.activation, levels=True)
        return gather(images, rows.to(self.table.dtype), self.colours)

    @torch.no_grad()
    def clip(self) -> None:
        """Keep the table where its entries get a gradient; call after every step."""
        self.table.clamp_(0, self.activation.max_value)


class FixedEmbedding(nn.Module):
    """Levels by a table that does not learn: same contract as PixelEmbedding."""

    def __init__(self, colours: int, embedding: Embedding):
        super().__init__()
        self.colours, self.embedding, self.activation = colours, embedding, Activation()
        rows = torch.from_numpy(fixed_table(embedding))
        self.register_buffer("rows", rows[None].float(), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return gather(images, self.rows, self.colours)


class PixelValues(nn.Module):
    """The pixels themselves, or in 0..1 where the layer behind them is real: to N,C,H,W."""

    def __init__(self, embedding: Embedding):
        super().__init__()
        self.embedding, self.activation = embedding, Activation()
        unit = 1.0 if embedding.kind is EmbeddingKind.EXACT else 1 / 255
        self.register_buffer("unit", torch.tensor(unit), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return (images * self.unit).permute(0, 3, 1, 2)


class LookUp(torch.autograd.Function):
    """Rows by index; the gradient of a row is the sum over its uses, dense and in float32 at least.

    The same as torch's embedding, whose own sum takes three times as long on a CPU (as would an
    index of 32 bits here).
    """

    @staticmethod
    def forward(ctx, rows: Tensor, index: Tensor) -> Tensor:
        ctx.save_for_backward(index)
        ctx.shape, ctx.dtype = rows.shape, rows.dtype
        return F.embedding(index, rows)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        (index,) = ctx.saved_tensors
        wide = torch.promote_types(grad.dtype, torch.float32)
        total = torch.zeros(ctx.shape, dtype=wide, device=grad.device)
        total.index_add_(0, index.flatten().long(), grad.flatten(0, -2).to(wide))
        return total.to(ctx.dtype), None


def gather(images: Tensor, rows: Tensor, colours: int) -> Tensor:
    """Look up N,H,W,C pixels in T,256,K rows; T is 1 or C. Returns N,C*K,H,W."""
    if torch.is_autocast_enabled(images.device.type):  # levels are exact in every format
        rows = rows.to(torch.get_autocast_dtype(images.device.type))
    step = 256 if len(rows) > 1 else 0
    offset = torch.arange(colours, dtype=torch.int32, device=images.device) * step
    levels = LookUp.apply(rows.flatten(0, 1), images + offset)
    return levels.flatten(3).permute(0, 3, 1, 2)


def make_embedding(network: Network, start: TableStart = TableStart.THERMOMETER) -> nn.Module:
    """The embedding that the record asks for; ``start`` is for a learned table."""
    return embedding_of(network.embedding, network.image[2], network.activation, start)


def embedding_of(
    record: Embedding, colours: int, activation: Activation, start: TableStart
) -> nn.Module:
    """The module of ``record``; ``activation`` quantizes a learned table."""
    if record.kind is EmbeddingKind.LEARNED:
        return PixelEmbedding(colours, record.length, record.shared, activation, start)
    real = record.kind in (EmbeddingKind.EXACT, EmbeddingKind.FLOAT)
    return PixelValues(record) if real else FixedEmbedding(colours, record)
