"""How a kernel moves over an image: padding, strides and dilations of convolutions and pools."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fq_hw.errors import GraphError, require
from fq_hw.foreign.onnx.node import OnnxNode
from fq_hw.foreign.onnx.values import Feature
from fq_hw.ir import Axis

__all__ = ["HONOURED", "Windows", "both", "image_of", "padding", "steps"]

HONOURED = ("auto_pad", "dilations", "kernel_shape", "pads", "strides")


def image_of(node: OnnxNode) -> Feature:
    """The input where it is N,C,H,W or N,C,W: ONNX takes axis 1 for the channels whatever came."""
    x = node.feature()
    contract = "input must be an image N,C,H,W, or a row N,C,W"
    require(not x.flat, node.where, contract, x.dims, kind=GraphError)
    hint = "put the Transpose behind this node, or leave it out"
    wanted = ",".join(replace(x, last=False).layout)
    contract = f"input must be {wanted}, but its channels lie on the last axis"
    require(not x.last, node.where, contract, x.dims, hint=hint, kind=GraphError)
    return x


@dataclass(frozen=True, kw_only=True)
class Windows:
    """What the attributes say: height and width; ``pads`` are top, left, bottom, right.

    ``padded`` names the attribute that the pads come from.
    """

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]
    padded: str

    @classmethod
    def of(cls, node: OnnxNode, x: Feature, kernel: tuple[int, ...] | None = None) -> Windows:
        """Of a node on ``x``; ``kernel`` where weights say it. A row's have height 1."""
        given = node.attributes["kernel_shape"]
        kernel = tuple(given or ()) if kernel is None else kernel
        contract = f"attribute kernel_shape must be the {kernel} of the weights"
        require(given is None or tuple(given) == kernel, node.where, contract, given,
                kind=GraphError)  # fmt: skip
        image, count = x.shape[:2], len(x.dims) - 2
        fits = len(kernel) == count and min(kernel) >= 1
        contract = "attribute kernel_shape must be " + ("a height and a width", "a width")[x.row]
        require(fits, node.where, contract, kernel, kind=GraphError)
        kernel = both(x, kernel, 1)
        strides, dilations = (both(x, steps(node, n, count), 1) for n in ("strides", "dilations"))
        auto = node.attributes["auto_pad"]
        named = "pads" if auto == "NOTSET" else f"auto_pad, {auto},"
        spans = spanned(kernel, dilations)
        found = cls(
            kernel=kernel,
            strides=strides,
            dilations=dilations,
            pads=padding(node, x, spans, strides),
            padded=f"attribute {named}",
        )
        return found.checked(node, image)

    @property
    def spans(self) -> tuple[int, int]:
        """Height and width from a window's first tap to its last."""
        return spanned(self.kernel, self.dilations)

    @property
    def fields(self) -> dict[str, object]:
        """What an op says of its windows beside the kernel."""
        return {
            "stride": list(self.strides),
            "padding": list(self.pads),
            "dilation": list(self.dilations),
        }

    @property
    def ends(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Padding before and after the image, down and across."""
        top, left, bottom, right = self.pads
        return (top, bottom), (left, right)

    def checked(self, node: OnnxNode, image: tuple[int, int]) -> Windows:
        """Itself, unless no window fits."""
        for size, span, pads in zip(image, self.spans, self.ends, strict=True):
            contract = f"attribute kernel_shape must fit the {image[0]} x {image[1]} of the input"
            fits = span <= size + sum(pads)
            require(fits, node.where, contract, self.kernel, kind=GraphError)
        return self

    def inside(self, node: OnnxNode) -> Windows:
        """Itself, unless a window would lie outside the image: what has a largest value needs."""
        for span, pads in zip(self.spans, self.ends, strict=True):
            contract = f"{self.padded} must be less than the {span} places that the kernel spans"
            require(max(pads) < span, node.where, contract, self.pads, kind=GraphError)
        return self

    def widened(self) -> tuple[Windows, tuple[tuple[int, int], tuple[int, int]]]:
        """With so many taps more before and after that no window lies outside the image.

        These taps are 0: the windows' sums stay what they are.
        """
        ways = list(zip(self.spans, self.dilations, self.ends, strict=True))
        taps = [tuple(max((pad - span) // step + 1, 0) for pad in reversed(pads))
                for span, step, pads in ways]  # fmt: skip
        more = [[n * step for n in few] for (_, step, _), few in zip(ways, taps, strict=True)]
        (above, below), (left, right) = more
        added = zip(self.pads, (above, left, below, right), strict=True)
        kernel = tuple(k + sum(few) for k, few in zip(self.kernel, taps, strict=True))
        wide = replace(self, kernel=kernel, pads=tuple(pad + n for pad, n in added))
        return wide, (taps[0], taps[1])

    def rounded_up(self, node: OnnxNode, image: tuple[int, int]) -> Windows:
        """With more padding at the end, by which the last windows are whole: ``ceil_mode``.

        A window that would begin behind the image is none.
        """
        pads = list(self.pads)
        for axis, (size, span, step) in enumerate(
            zip(image, self.spans, self.strides, strict=True)
        ):
            before = pads[axis]
            count = -(-(size + before + pads[axis + 2] - span) // step) + 1
            count -= (count - 1) * step >= size + before
            pads[axis + 2] = max((count - 1) * step + span - size - before, pads[axis + 2])
        return replace(self, pads=tuple(pads)).checked(node, image)


def spanned(kernel: tuple[int, ...], dilations: tuple[int, int]) -> tuple[int, int]:
    """Height and width from a window's first tap to its last."""
    down, across = ((k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True))
    return down, across


def both(x: Feature, sides: tuple[int, ...], other: int) -> tuple[int, int]:
    """Height and width; what ONNX has of a row is one of them, and the other is ``other``."""
    if not x.row:
        return sides[0], sides[1]
    return (sides[0], other) if x.upright else (other, sides[0])


def steps(node: OnnxNode, name: str, count: int) -> tuple[int, ...]:
    """So many positive numbers; each 1 where the attribute is left out."""
    found = tuple(node.attributes.get(name) or (1,) * count)
    fits = len(found) == count and min(found) >= 1
    contract = f"attribute {name} must be {('one', 'two')[count - 1]} positive numbers"
    require(fits, node.where, contract, found, kind=GraphError)
    return found


def padding(
    node: OnnxNode, x: Feature, kernel: tuple[int, int], strides: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Top, left, bottom, right: ``pads`` themselves, or what ``auto_pad`` makes of the sizes."""
    auto = node.attributes.get("auto_pad", "NOTSET")
    count = len(x.dims) - 2
    found = tuple(node.attributes["pads"] or (0,) * 2 * count)
    fits = len(found) == 2 * count and min(found) >= 0
    contract = f"attribute pads must be {('two', 'four')[count - 1]} numbers, none below 0"
    require(fits, node.where, contract, found, kind=GraphError)
    if auto == "NOTSET":
        return (*both(x, found[:count], 0), *both(x, found[count:], 0))
    contract = "attribute pads must be left out where auto_pad is given"
    require(not any(found), node.where, contract, found, kind=GraphError)
    known = ("VALID", "SAME_UPPER", "SAME_LOWER")
    contract = f"attribute auto_pad must be NOTSET or one of {', '.join(known)}"
    require(auto in known, node.where, contract, auto, kind=GraphError)
    if auto == "VALID":
        return 0, 0, 0, 0
    totals = [
        Axis(kernel=k, stride=step).missing(size)
        for size, k, step in zip(x.shape[:2], kernel, strides, strict=True)
    ]
    small = [total // 2 for total in totals]
    large = [total - half for total, half in zip(totals, small, strict=True)]
    return (*small, *large) if auto == "SAME_UPPER" else (*large, *small)
