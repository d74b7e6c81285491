"""What happens inside an array, as the tensors of its passes, to compare with the golden model.

Where sums stand beside the trunk and the thresholds, a column of a group at a time, both are seen:
what goes to the trunk or leaves, and the levels for the banks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fq_hw.schedule.in_turn.geometry import Pass
from fq_hw.schedule.plan import Node
from fq_hw.schedule.units import ArrayUnit

__all__ = ["beats_of", "inside", "seen"]


def seen(part: str) -> tuple[str, str]:
    """Verilog: whether a column passes in the array at ``part``, and its sums and levels."""
    at = f"{part}.\\output "
    return f"{at}.moved", f"{{{at}.levels, {at}.sums}}"


def columns(step: Pass) -> int:
    """Columns of a pass that count."""
    return step.folds * step.rows * step.groups * step.array.columns


def beats_of(node: Node) -> int:
    """Columns that pass in a frame."""
    return sum(columns(step) for step in node.unit.passes)


def numbers(bits: np.ndarray, width: int) -> np.ndarray:
    """Rows of bits as integers of ``width``."""
    return (bits.reshape(len(bits), -1, width).astype(np.int64) << np.arange(width)).sum(axis=2)


def inside(
    words: Sequence[str], node: Node, tensors: Mapping[str, np.ndarray]
) -> Iterator[tuple[str, int, int]]:
    """Each tensor of the array's passes: its name, its values, and how many of them are wrong."""
    unit, frames = node.unit, len(next(iter(tensors.values())))
    per = beats_of(node)
    width = unit.array.pe * (unit.value_bits + unit.act_bits)
    size = -(-width // 8)
    packed = b"".join(int(word, 16).to_bytes(size, "little") for word in words[: frames * per])
    bits = np.unpackbits(
        np.frombuffer(packed, np.uint8).reshape(-1, size), axis=1, bitorder="little"
    )
    sums = unit.array.pe * unit.value_bits
    found = {"sums": numbers(bits[:, :sums], unit.value_bits)}
    found["levels"] = numbers(bits[:, sums:width], unit.act_bits)
    at = 0
    for step, known in zip(unit.passes, node.inside, strict=True):
        for kind, name, offset in (
            ("sums", known.sums, known.offset),
            ("levels", known.levels, np.zeros((), np.int64)),
        ):
            if name is None:
                continue
            want = tensors[name]
            if len(words) < frames * per:  # every value that never came is wrong
                yield name, want.size, want.size
                continue
            have = found[kind].reshape(frames, per, -1)[:, at : at + columns(step)]
            yield name, want.size, int((tensor(have, step, unit, want) + offset != want).sum())
        at += columns(step)


def tensor(have: np.ndarray, step: Pass, unit: ArrayUnit, want: np.ndarray) -> np.ndarray:
    """Columns in the order in which they came as a tensor in the shape of ``want``."""
    count = unit.array.columns
    shape = len(have), step.folds, step.rows, step.groups, count, unit.array.pe
    came = have.reshape(shape)
    if step.turned:
        came = np.roll(came, -1, axis=4)  # the last pixel comes first
    row = came.reshape(*shape[:3], -1, shape[5])[:, :, :, : step.width]
    found = row.transpose(0, 2, 3, 1, 4).reshape(len(have), step.rows, step.width, -1)
    return found[..., : want.shape[-1]]
