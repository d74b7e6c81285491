"""Line buffer and sliding window: the streamed im2col in front of a convolution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Shape, ShapeLike, Signal, Value, signed, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.ir import Axis
from fq_hw.schedule.units import READ, WindowUnit
from rtl_gen.component import UnitComponent
from rtl_gen.counters import counter, nest
from rtl_gen.delay import delay
from rtl_gen.read_pipe import read_late, two_stages
from rtl_gen.skid_buffer import SkidBuffer
from rtl_gen.streams import memory_style

__all__ = ["SlidingWindow"]


def lookup(m: Module, index: Value, values: Sequence[int], name: str) -> Signal:
    """``values[index]``; cheap where all but a few values are equal."""
    low, high = min(values), max(values)
    out = Signal(Shape.cast(range(min(low, 0), max(high, 1) + 1)), name=name, init=values[0])
    usual, _ = Counter(values).most_common(1)[0]
    m.d.comb += out.eq(usual)
    for place, value in enumerate(values):
        if value != usual:
            with m.If(index == place):
                m.d.comb += out.eq(value)
    return out


def add(a: Value, b: Value, carry: Value) -> Value:
    """a + b + carry in one chain of adders, where synthesis would make two."""
    return (Cat(1, a).as_signed() + Cat(carry[0], b).as_signed()) >> 1


def outside(padded: Value, size: int, axis: Axis, ahead: int = 0) -> Value:
    """Whether what lies ``ahead`` of a row or column of the padded image is padding."""
    first = max(axis.before - ahead, 0)
    return (padded < first) | (padded >= size + axis.before - ahead)


class Requests(wiring.Component):
    """A skid buffer under names of its own: in a window's Verilog ``o__payload`` is the window's.

    Members     asked: In(stream of ``shape``); taken: Out(the same)
    """

    def __init__(self, shape: ShapeLike):
        ends = {"asked": In, "taken": Out}
        super().__init__({name: way(stream.Signature(shape)) for name, way in ends.items()})

    def elaborate(self, platform):
        m = Module()
        m.submodules.places = places = SkidBuffer(self.asked.p.shape())
        wiring.connect(m, wiring.flipped(self.asked), places.i)
        wiring.connect(m, places.o, wiring.flipped(self.taken))
        return m


class SlidingWindow(UnitComponent, unit=WindowUnit):
    """Stores rows in a ring and reads groups of kernel windows from it, each ``repeats`` times.

    Members     i: In(stream of lanes x u<bits>), raster order, channel slices fastest
                o: Out(stream of columns x lanes x u<bits>, and blanks where there is padding)
    Order       per group, and per part of the channels: kernel row, kernel column, channel fold,
                the ``hold`` words that share a weight word; groups in raster order
    Units       blanks: per column, the tap lies outside the image and counts as 0, whatever the
                lanes hold; the reader masks them, in a register that never waits
                o's payload comes READ cycles after the beat is taken: it is read as it is taken;
                where unit.held it comes with the beat, read before
    Latency     unit.latency(), from the first beat in to o.valid, unstalled
    Throughput  one beat per cycle each way; i.ready falls when ``rows`` whole rows wait
    Path        counters decide from registers: what is there, what is free, which loop ends;
                requests wait in two places, so that a stall does not reach the loops at once
    Resources   a ring of unit.depth words in block or distributed RAM, one copy per column
    Errors      none at run time; WindowUnit refuses what does not fit
    Source      streamed im2col as in FINN (Umuroglu et al. 2017), on RAM, not shift registers
    """

    def elaborate(self, platform):
        m = Module()
        unit = self.unit.cycle
        width, depth = unit.i.width, max(unit.depth, 2)
        m.submodules.ring = ring = memory.Memory(
            shape=unsigned(width), depth=depth, init=[], attrs=memory_style(depth, width)
        )
        write = ring.write_port()

        # Write side: words land in the ring one after the other.
        accept = Signal()
        _, put_last = nest(m, accept, put_fold=unit.slices, put_column=unit.width)
        place = Signal(range(depth))
        m.d.comb += [
            accept.eq(self.i.valid & self.i.ready),
            write.en.eq(accept),
            write.addr.eq(place),
            write.data.eq(self.i.payload.as_value()),
        ]
        with m.If(accept):
            m.d.sync += place.eq(place + 1)

        # Read side: loops over the windows' columns and rows, repeats, groups ask for words.
        step = Signal()
        at, last = nest(
            m,
            step,
            hold=unit.hold,
            fold=unit.folds,
            kernel_column=unit.across.kernel,
            kernel_row=unit.down.kernel,
            repeat=unit.repeats,
            part=unit.channel_parts,
            group=unit.groups,
            row=unit.out_height,
        )
        # The reader hears of a pixel from a register: the writer's handshake is long enough.
        pixel = delay(m, accept & put_last["put_fold"], unit.NEWS, "pixel")
        arrived = self.arrived(m, pixel, step, at, last)
        frees = [unit.freed(oy) for oy in range(unit.out_height)]
        request = data.StructLayout(
            {
                "address": data.ArrayLayout(range(depth), unit.columns),
                "blanks": unit.o.blanks,
                "frees": range(max(*frees, 1) + 1),
            }
        )
        m.submodules.requests = requests = Requests(request)
        asked, taken = requests.asked.p, requests.taken.p
        m.d.comb += [
            requests.asked.valid.eq(arrived),
            step.eq(arrived & requests.asked.ready),
            asked.frees.eq(Mux(last["group"], lookup(m, at["row"], frees, "rows_freed"), 0)),
        ]
        address = self.address(m, step, last)
        row, column = self.tap(m, step, last)
        above = outside(row, unit.height, unit.down)
        for way in range(unit.columns):
            right = way * unit.across.stride
            m.d.comb += asked.address[way].eq(address + right * unit.slices)
            if unit.padded:
                beside = above | outside(column, unit.width, unit.across, ahead=right)
                m.d.comb += asked.blanks[way].eq(beside)

        ports = [ring.read_port() for _ in range(unit.columns)]
        if unit.held:
            words, blanks = self.held(m, requests.taken, ports)
        else:
            words = [
                read_late(m, port, taken.address[way], f"word_{way}")
                for way, port in enumerate(ports)
            ]
            blanks = delay(m, taken.blanks, READ, "blanks", reset_less=True)
            m.d.comb += [
                self.o.valid.eq(requests.taken.valid),
                requests.taken.ready.eq(self.o.ready),
            ]
        freed = Mux(requests.taken.valid & requests.taken.ready, taken.frees, 0)
        m.d.comb += [
            self.i.ready.eq(self.room(m, accept & put_last["put_column"], freed)),
            Value.cast(self.o.payload).eq(Cat(words, blanks)),
        ]
        return m

    def held(
        self, m: Module, asked: wiring.PureInterface, ports: Sequence[wiring.PureInterface]
    ) -> tuple[list[Value], Value]:
        """Words and blanks of the requests ``asked``, which wait until ``o`` is taken."""
        words = [Signal.like(port.data, name="word", reset_less=True) for port in ports]
        for way, port in enumerate(ports):
            m.d.comb += [port.addr.eq(asked.p.address[way]), port.en.eq(asked.ready)]
        first, second = [], [(word, port.data) for word, port in zip(words, ports, strict=True)]
        blanks = asked.p.blanks
        for stage in (first, second) if len(blanks) else ():
            passed = Signal.like(blanks, name="passed", reset_less=True)
            stage.append((passed, blanks))
            blanks = passed
        two_stages(m, asked, self.o, first, second)
        return words, blanks

    def tap(self, m: Module, step: Value, last: dict[str, Value]) -> tuple[Signal, Signal]:
        """Row and column of the tap that the group's first window reads, in the padded image.

        Registers, each a constant step from its last value: a sum of loop counters, compared with
        the image's edges, would be the slowest path of a convolution.
        """
        unit = self.unit.cycle
        down, across = unit.down, unit.across
        right = unit.columns * across.stride
        home = -(unit.hold - 1) * right  # from a word's last pixels to its first
        up, back = 1 - down.reach, home + 1 - across.reach  # from a window's last tap to its first
        walks = {  # the outermost loop that ends decides
            "row": {
                "kernel_column": down.dilation,
                "kernel_row": up,
                "group": up + down.stride,
                "row": up - (unit.out_height - 1) * down.stride,
            },
            "column": {
                "hold": home,
                "fold": home + across.dilation,
                "kernel_column": back,
                "part": back + unit.hold * right,
                "group": back - (unit.groups - 1) * unit.hold * right,
            },
        }
        at = {}
        sizes = unit.height + down.before + down.after, unit.width + across.before + across.after
        for (name, jumps), size in zip(walks.items(), sizes, strict=True):
            at[name] = counter(size, f"tap_{name}")
            far = Signal.like(at[name], name=f"{name}_far")
            if name == "column" and unit.hold > 1:
                m.d.comb += far.eq(right)
            for loop, distance in jumps.items():
                with m.If(last[loop]):
                    m.d.comb += far.eq(distance % (1 << len(far)))
            with m.If(step):
                m.d.sync += at[name].eq(at[name] + far)
        return at["row"], at["column"]

    def arrived(
        self, m: Module, pixel: Value, step: Value, at: dict[str, Value], last: dict[str, Value]
    ) -> Value:
        """Whether the group's last pixel is in the ring; ``pixel`` says that one more comes in.

        A register holds how many pixels are there beyond that one; below 0 they have yet to come.
        """
        unit = self.unit.cycle
        pixels, rows, groups = unit.height * unit.width, unit.out_height, unit.groups
        needs = [[unit.last_pixel(oy, g) for g in range(groups)] for oy in range(rows)]
        aside = [needs[0][g] - needs[0][(g + 1) % groups] for g in range(groups)]
        following = [needs[oy][0] for oy in range(1, rows)] + [needs[0][0] + pixels]
        down = [need[-1] - after for need, after in zip(needs, following, strict=True)]
        beyond = Signal(
            Shape.cast(range(-2 * pixels, unit.rows * unit.width + pixels)), init=-1 - needs[0][0]
        )
        further = Signal(Shape.cast(range(min(*down, *aside, 0), max(*down, *aside, 0) + 2)))
        # Known long before it counts, unless every beat is a group: then it may not be late.
        domain = m.d.sync if unit.repeats * unit.window_beats > 1 else m.d.comb
        at_end = at["group"] == groups - 1
        across, below = lookup(m, at["group"], aside, "aside"), lookup(m, at["row"], down, "down")
        domain += further.eq(Mux(at_end, below, across))
        # Whether a group ends is known last: both sums are ready by then.
        ready, after = Signal(name="arrived"), Signal.like(beyond, name="beyond_after")
        moved = step & last["part"]
        m.d.comb += after.eq(Mux(moved, add(beyond, further, pixel), beyond + pixel))
        m.d.sync += [beyond.eq(after), ready.eq(after >= 0)]
        return ready

    def room(self, m: Module, row: Value, frees: Value) -> Value:
        """Whether the ring has room for a row; ``row`` says that one more has come in.

        The answer is a register: whoever writes may be far away. Both that it may become are worked
        out before ``row`` is known, from how many rows fit beyond that one, which is told a cycle
        later; -1 while the ring is full.
        """
        unit = self.unit.cycle
        free = Signal(Shape.cast(range(-1, unit.rows + unit.height)), init=unit.rows - 1)
        room, came = Signal(init=1), Signal(name="row_came")
        after = {}
        for less in (1, 2):  # without one more row, and with it
            freed = Signal(signed(len(frees) + 2), name=f"freed_less_{less}", init=-less)
            m.d.sync += freed.eq(frees - less)
            after[less] = add(free, freed, ~came)
        m.d.sync += [
            came.eq(row),
            free.eq(after[1]),
            room.eq(Mux(row, after[2] >= 0, after[1] >= 0)),
        ]
        return room

    def address(self, m: Module, step: Value, last: dict[str, Value]) -> Signal:
        """Ring address of the first column's word; steps are constants, modulo the ring's size."""
        unit = self.unit.cycle
        depth = max(unit.depth, 2)
        down, across, row = unit.down, unit.across, unit.row_words
        start = -(down.before * row + across.before * unit.slices) % depth
        address = Signal(range(depth), init=start)
        window = Signal(range(depth), init=start)  # where the current group begins, or its part
        band = Signal(range(depth), init=start)  # where its row of windows begins
        frame = unit.height - (unit.out_height - 1) * down.stride  # rows from last band to first
        right = unit.columns * across.stride * unit.slices
        home = -(unit.hold - 1) * right  # from a word's last pixels to its first
        back = (
            unit.folds - 1 + (across.reach - 1) * unit.slices
        )  # from a row's last tap to its first
        base, far, following = (Signal(range(depth), name=n) for n in ("base", "far", "following"))
        beside = right % depth if unit.hold > 1 else 1
        m.d.comb += [base.eq(address), far.eq(beside), following.eq(base + far)]
        tap = home + across.dilation * unit.slices - (unit.folds - 1)
        jumps = {  # the outermost loop that ends decides
            **({"hold": (address, home + 1)} if unit.hold > 1 else {}),
            **({"fold": (address, tap)} if tap != home + 1 else {}),
            "kernel_column": (address, home + down.dilation * row - back),
            "kernel_row": (window, 0),
            **({"repeat": (window, unit.folds)} if unit.channel_parts > 1 else {}),
            "part": (window, unit.hold * right - (unit.slices - unit.folds)),
            "group": (band, down.stride * row),
            "row": (band, frame * row),
        }
        for loop, (begin, words) in jumps.items():
            with m.If(last[loop]):
                m.d.comb += [base.eq(begin), far.eq(words % depth)]
        with m.If(step):
            m.d.sync += address.eq(following)
            with m.If(last["repeat"]):
                m.d.sync += window.eq(following)
            with m.If(last["group"]):
                m.d.sync += band.eq(following)
        return address
