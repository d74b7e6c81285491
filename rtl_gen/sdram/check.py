"""CRC-32 of words, the check behind those in an SDRAM."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from amaranth.lib import crc

from fq_hw.schedule.units.sdram_words import CHECK_BITS

__all__ = ["checker", "with_check"]

ONES = 2**CHECK_BITS - 1


def with_check(words: Sequence[int], width: int, identity: int) -> list[int]:
    """``words`` of ``width`` bits and behind them zlib.crc32 of their bytes, the lowest first."""
    text = b"".join(word.to_bytes(width // 8, "little") for word in words)
    check = zlib.crc32(text, identity)
    return [*words, *(check >> at & 2**width - 1 for at in range(0, CHECK_BITS, width))]


def checker(identity: int) -> crc.Processor:
    """``match_detected`` after the bytes of words and check, one a cycle; begun by a reset."""
    first = int(f"{identity ^ ONES:0{CHECK_BITS}b}"[::-1], 2)  # its highest bit is sent first
    algorithm = crc.Algorithm(
        crc_width=CHECK_BITS, polynomial=0x04C11DB7, initial_crc=first,
        reflect_input=True, reflect_output=True, xor_output=ONES,
    )  # fmt: skip
    return algorithm().create()
