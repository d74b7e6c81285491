"""qonnx's operators with the channels last, as ONNX's own between two Transpose nodes."""

from __future__ import annotations

import onnx
from onnx import helper

__all__ = ["CHANNELS_LAST", "LAST_KINDS", "in_standard"]

CHANNELS_LAST = "qonnx.custom_op.channels_last"
LAST_KINDS = ("BatchNormalization", "Conv", "MaxPool")


def in_standard(graph: onnx.GraphProto) -> None:
    """Put ONNX's own nodes in the place of those of that domain, which mean the same.

    A convolution's weights are O,H,W,I in that domain, and transposed too.
    """
    rank = {i.name: len(i.type.tensor_type.shape.dim) for i in graph.input}
    rank |= {t.name: len(t.dims) for t in graph.initializer}
    nodes: list[onnx.NodeProto] = []

    def transposed(name: str, last: bool, made: str) -> None:
        axes = list(range(1, rank.get(name, 4)))
        perm = [0, axes[-1], *axes[:-1]] if last else [0, *axes[1:], axes[0]]
        nodes.append(helper.make_node("Transpose", [name], [made], perm=perm))
        rank[made] = len(perm)

    for node in list(graph.node):
        kernel = next((len(a.ints) for a in node.attribute if a.name == "kernel_shape"), None)
        known = [rank[name] for name in node.input if name in rank]
        dims = kernel + 2 if kernel is not None else max(known, default=4)
        rank |= dict.fromkeys(node.output, dims)
        if node.domain != CHANNELS_LAST:
            nodes.append(node)
            continue
        node.domain, made = "", node.output[0]
        for place in range(1 + (node.op_type == "Conv")):
            rank.setdefault(node.input[place], dims)
            name = f"{made}.{place}.first"
            transposed(node.input[place], True, name)
            node.input[place] = name
        node.output[0] = f"{made}.first"
        rank[node.output[0]] = dims
        nodes.append(node)
        transposed(node.output[0], False, made)
    del graph.node[:]
    graph.node.extend(nodes)
