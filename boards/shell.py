"""Any accelerator core behind a UART: the board's side of ``boards.protocol``."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Shape, ShapeLike, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from boards.chunk_buffer import ChunkBuffer
from boards.packet import ReplySender, RequestReceiver
from boards.protocol import CHUNK_PIXELS, IDLE_S, NUMBER_BYTES, Info, Status
from boards.uart import UartReceiver, UartTransmitter, divisor
from fq_hw.errors import require

__all__ = ["Shell"]


class Shell(wiring.Component):
    """A core, room for two chunks of pixels, and the protocol of ``boards.protocol`` over two pins.

    Members     rx: In(1), asynchronous, 1 when idle
                tx: Out(1), 1 when idle
    Core        i: In(stream of u8 x colours), one beat per pixel in raster order
                o: Out(stream of {label: u<n>, scores: classes x s<m>}), one beat per frame,
                offered after the frame's last pixel was taken
    Order       one reply for each request; the host sends the next one after it
    Latency     the request and the reply on the line, and the core
    Throughput  one frame at a time
    Resources   the core's, two chunks in block RAM, about 1,000 LUT4 and 350 flip-flops
    Errors      the error statuses of boards.protocol; the shell cannot see that a core hangs
    """

    def __init__(
        self,
        core: wiring.Component,
        *,
        pixels: int,
        colours: int,
        clock_hz: float,
        baud: float,
        idle_s: float = IDLE_S,
        chunk_pixels: int = CHUNK_PIXELS,
    ):
        self.core = core
        self.divisor = divisor(clock_hz, baud)
        self.idle_cycles = round(clock_hz * idle_s)
        contract = "idle_s must be longer than two bytes on the line"
        require(self.idle_cycles > 20 * self.divisor, "Shell", contract, idle_s)
        result = _result_layout(core, colours)
        label, scores = result["label"].shape, result["scores"].shape
        self.info = Info(
            pixels=pixels,
            colours=colours,
            classes=scores.length,
            label_bytes=_bytes(label),
            score_bytes=_bytes(scores.elem_shape),
            chunk_pixels=chunk_pixels,
        )
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        m.submodules.uart_rx = uart_rx = UartReceiver(self.divisor)
        m.submodules.uart_tx = uart_tx = UartTransmitter(self.divisor)
        m.submodules.receiver = receiver = RequestReceiver(
            self.info.frame_bytes, self.info.chunk_bytes, self.idle_cycles
        )
        m.submodules.frame = frame = ChunkBuffer(
            self.info.pixels, self.info.colours, self.info.chunk_pixels
        )
        m.submodules.sender = sender = ReplySender()

        dropping = Signal()  # a result is to come of a frame that was given up
        m.d.comb += [uart_rx.rx.eq(self.rx), self.tx.eq(uart_tx.tx)]
        m.d.comb += [
            receiver.framing_error.eq(uart_rx.framing_error),
            frame.start.eq(receiver.start),
            frame.play.eq(receiver.play),
            frame.give_up.eq(receiver.give_up),
            receiver.full.eq(frame.full),
            receiver.busy.eq(frame.busy | dropping),
        ]
        with m.If(core.o.valid & dropping):
            m.d.sync += dropping.eq(0)
        with m.If(frame.giving_up):
            m.d.sync += dropping.eq(1)
        wiring.connect(m, uart_rx.o, receiver.i)
        wiring.connect(m, receiver.o_frame, frame.i)
        wiring.connect(m, frame.o, core.i)
        wiring.connect(m, sender.o, uart_tx.i)

        # The core and the receiver hold their beats until the reply is out.
        status = receiver.o.payload.status
        has_result, has_info = status == Status.RESULT, status == Status.INFO
        result_bytes, info = self.info.result_bytes, self.info.pack()
        result_length, info_length = NUMBER_BYTES + result_bytes, NUMBER_BYTES + len(info)
        length = Mux(has_result, result_length, Mux(has_info, info_length, NUMBER_BYTES))
        m.d.comb += [
            sender.i.valid.eq(receiver.o.valid & (~has_result | core.o.valid)),
            sender.i.payload.status.eq(status),
            sender.i.payload.length.eq(length),
            sender.i.payload.number.eq(receiver.o.payload.number),
            receiver.o.ready.eq(sender.i.ready),
            core.o.ready.eq((sender.i.ready & has_result) | dropping),
        ]

        info_word = Const(int.from_bytes(info, "little"), 8 * len(info))
        result = Signal(self._reply_layout())
        m.d.comb += result.label.eq(core.o.payload.label)
        for index in range(self.info.classes):
            m.d.comb += result.scores[index].eq(core.o.payload.scores[index])
        result_byte = result.as_value().word_select(sender.index[: result_bytes.bit_length()], 8)
        info_byte = info_word.word_select(sender.index[: len(info).bit_length()], 8)
        m.d.comb += sender.byte.eq(Mux(has_result, result_byte, info_byte))
        return m

    def _reply_layout(self) -> data.StructLayout:
        """The payload of Status.RESULT: label and scores widened to whole bytes."""
        score = signed(8 * self.info.score_bytes)
        scores = data.ArrayLayout(score, self.info.classes)
        return data.StructLayout({"label": 8 * self.info.label_bytes, "scores": scores})


def _bytes(shape: ShapeLike) -> int:
    return max(1, -(-Shape.cast(shape).width // 8))


def _result_layout(core: wiring.Component, colours: int) -> data.StructLayout:
    """The layout of the core's result; ParameterError where a port is not what Shell wants."""
    where = f"core {type(core).__name__}"
    ports = {name: member for name, member in core.signature.members.items() if member.is_signature}
    pixel = data.ArrayLayout(unsigned(8), colours)
    i, o = ports.get("i"), ports.get("o")
    fits = i == In(stream.Signature(pixel))
    require(fits, where, f"i must be In(stream.Signature({pixel!r}))", i)
    offered = o.signature.members.get("payload") if o else None
    layout = offered.shape if offered and offered.is_port else None
    fits = (
        isinstance(layout, data.StructLayout)
        and o == Out(stream.Signature(layout))
        and set(layout.members) == {"label", "scores"}
        and not Shape.cast(layout["label"].shape).signed
        and isinstance(layout["scores"].shape, data.ArrayLayout)
        and Shape.cast(layout["scores"].shape.elem_shape).signed
    )
    require(fits, where, "o must be Out(stream of {label: u<n>, scores: classes x s<m>})", o)
    return layout
