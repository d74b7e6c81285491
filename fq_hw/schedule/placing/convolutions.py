"""Convolutions, the pixels that they embed, the constants that their sums keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fq_hw import ir
from fq_hw.ir import Axis, Graph, Places
from fq_hw.schedule import units
from fq_hw.schedule.conv_parts import ConvSite, Engine, conv_parts
from fq_hw.schedule.placing.base import Placing, place
from fq_hw.schedule.placing.stream import Stream
from fq_hw.schedule.planes import codes, depthwise_codes, planes
from fq_hw.schedule.words import bits_of, weight_words


@place.register
def _(op: ir.Embed, plan: Placing) -> None:
    x = plan.take(op.inputs[0])
    tables, _, length = op.table.shape
    unit = units.EmbedUnit(
        colours=x.channels, length=length, bits=op.out_bits, tables=tables, pixels=x.pixels
    )
    source = plan.cut(op.name, x, x.channels, ".whole")
    y = plan.stream(op, source, unit.o.lanes, op.out_bits)
    reader, *others = plan.graph.users[op.name]
    if isinstance(reader, ir.Conv) and reader.name not in plan.stage_of and not others:
        plan.publish(op, replace(y, embed=unit))  # whose window decides where it stands
        return
    source = plan.add(op.name, unit, source, fill=lambda: op.table, tensor=op.name)
    plan.publish(op, replace(y, source=source))


@place.register
def _(op: ir.Conv, plan: Placing) -> None:
    x = plan.levels(op)
    weights, (down, across) = planes(op), op.axes
    skip = plan.skip_before(op)
    if skip:
        if down.stride > 1:
            x, down, across = picked(op, x, plan), *(Axis(kernel=1),) * 2
        plan.skips[skip] = x
        x = plan.hold(skip, x, 0)  # the join knows how deep
    site = ConvSite(
        name=op.name,
        shape=x.shape,
        cout=len(op.weight),
        down=down,
        across=across,
        act_bits=x.bits,
        lanes_in=x.lanes,
        lanes_out=plan.lanes(op),
        pad_level=op.pad_level,
        planes=depthwise_codes(op)[1] if op.depthwise else weights.count,
        weight_bits=codes(op.weight.astype(np.int64))[1],
        masked=weights.masked,
        inverted=weights.inverted,
        bursts=skip is None and in_bursts(plan.graph, op.inputs[0]),
        embed=x.embed,
        groups=op.groups,
        depthwise=op.depthwise,
    )
    parts = conv_parts(site, plan.folds[op.name])
    plan.sites[op.name], plan.parts[op.name] = site, parts
    unit = parts.engine
    offset = engine_offset(op, x, unit)
    bits = unit.raw_bits
    if site.combined(plan.folds[op.name]):
        combine = parts.after[-1][1]
        offset, bits = offset - combine.left_out, combine.o.bits
    tensor = plan.summed_first.get(op.name, op.name)  # of the graph as it was given
    known = {parts.carrier: {"tensor": tensor, "offset": offset}}
    source, pixels = x.source, op.inputs[0]
    embedding = {"fill": lambda: plan.graph[pixels].table, "tensor": pixels} if x.embed else {}
    if parts.embed:
        source = plan.add(pixels, parts.embed, source, **embedding)
    source = plan.chain(op.name, parts.before, source)
    windows = plan.add(f"{op.name}.window", parts.window, source)
    if parts.late_embed:
        windows = plan.add(pixels, parts.late_embed, windows, **embedding)
    rom = plan.add(
        f"{op.name}.weights",
        parts.weights,
        fill=lambda: engine_words(op, unit),
    )
    sums = plan.add(op.name, unit, windows, rom, **known.get("", {}))
    source = plan.chain(op.name, parts.after, sums, known)
    plan.publish(op, plan.stream(op, source, site.lanes_out, bits, offset))


def engine_offset(op: ir.Conv, x: Stream, engine: Engine) -> np.ndarray:
    """What the sums of ``op``'s engine lack, channel by channel."""
    if not isinstance(engine, units.ConvUnit) and engine.start:
        return np.full(engine.cout, -engine.start, np.int64)
    return planes(op).offsets(x.bits)


def engine_words(op: ir.Conv, engine: Engine) -> np.ndarray:
    """The bits of the weight words of ``op``'s engine, word by word."""
    if isinstance(engine, units.DepthwiseUnit):
        weight = depthwise_codes(op)[0].reshape(engine.nf, engine.pe, engine.taps)
        words = bits_of(weight.swapaxes(1, 2), engine.weight_bits)
    elif isinstance(engine, units.ProductUnit):
        weight = codes(op.weight.astype(np.int64))[0]
        words = weight_words(weight, engine.nf, engine.pe, engine.simd)
        words = bits_of(words, engine.weight_bits)
    else:
        words = weight_words(planes(op).bits, engine.nf, engine.pe, engine.simd)
    return words.reshape(-1, engine.i_weight.width)


def in_bursts(graph: Graph, name: str) -> bool:
    """Whether a tensor's pixels come a row at once, and then none while the next is made.

    A convolution keeps rows of its own, and evens that out.
    """
    op = graph[name]
    rows = isinstance(op, ir.Pool) and op.apart and op.kernel[0] > 1
    rows = rows or isinstance(op, ir.DepthToSpace | ir.Grid)
    lines = isinstance(op, ir.Conv) or isinstance(op, ir.Pool) and not op.apart
    before = () if lines else op.inputs
    return rows or any(in_bursts(graph, source) for source in before)


def picked(op: ir.Conv, x: Stream, plan: Placing) -> Stream:
    """The pixels of ``x`` that a 1x1 convolution reads."""
    height, width, _ = x.shape
    read = {"channels": x.channels, "lanes": x.lanes, "in_bits": x.bits}
    stride = op.axes[0].stride
    rows, columns = (Places(step=stride, count=-(-n // stride)) for n in (height, width))
    unit = units.PickUnit(**read, height=height, width=width, rows=rows, columns=columns)
    source = plan.add(f"{op.name}.pick", unit, x.source)
    return replace(x, source=source, shape=(*unit.size, x.channels))


@place.register
def _(op: ir.Bias, plan: Placing) -> None:
    x = plan.take(op.inputs[0])
    plan.publish(op, replace(x, offset=x.offset + op.bias))
