"""What goes over SPI: requests in, replies out, and how much of each there may be.

The host is master: mode 0, most significant bit first, chip select low for a transaction. The
first byte to the board is a Command; any other value does nothing. By byte of a transaction::

    byte      to the board                   from the board
    0         a Command                      MARK, so that a host knows who listens
    1         BEGIN, MORE: of a request      room: a byte's number of UNIT bytes may be written
    2 and on  BEGIN, MORE: of a request      BEGIN, MORE: room again; the last one counts
                                             READ, FINISH: runs of a reply; else 0

A run is one byte, its length in the low bits with RUN_BEGIN where it is a reply's first and RUN_END
where it is its last, then so many bytes. A length of 0 says that nothing is there yet, and so does
all that follows a reply's end: a transaction carries one reply at most. What a run does not fit
into a transaction comes in the next one, as a run of its own.

BEGIN says that its bytes are a request's first, FINISH (a READ otherwise) that the request before
it is whole: if it is not, the board says so at once. The codes of commands differ in four bits.

So whatever breaks off, one request or one reply is damaged, and the CRC of its packet shows it.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["MARK", "RUN_BEGIN", "RUN_END", "UNIT", "Command"]

UNIT = 8
MARK = 0xD2
RUN_BEGIN, RUN_END = 0x80, 0x40


class Command(IntEnum):
    """What a transaction does."""

    BEGIN = 0x33
    MORE = 0x69
    READ = 0x96
    FINISH = 0x3C
