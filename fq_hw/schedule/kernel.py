"""The loop that runs compiled processes. Nothing here knows what they mean; see ``compiled``.

Its tables are arrays of integers, a column a field. They are few: handing one on costs time.
"""

from __future__ import annotations

import enum

from numba import njit

__all__ = ["Ch", "Code", "Cu", "Op", "Pr", "St", "needed", "settle", "tell"]


class Op(enum.IntEnum):
    """What an instruction does."""

    TAKE = 0
    GIVE = 1
    WAIT = 2
    PUT = 3
    REST = 4
    ALIGN = 5
    REPEAT = 6
    END = 7


class Code(enum.IntEnum):
    """Fields of an instruction."""

    OP = 0
    WHAT = 1  # channel, stream, loop, first of the pauses
    COUNT = 2
    CYCLES = 3
    CURSOR = 4
    TARGET = 4
    NEXT = 5  # the instruction behind it


class Pr(enum.IntEnum):
    """Fields of a process."""

    PC = 0
    NOW = 1
    LEFT = 2  # beats or events of the instruction, once it has begun
    TOLD = 3  # whether it has told of the next of these


class St(enum.IntEnum):
    """Fields of a stream of events."""

    COUNT = 0  # so far
    FLOOR = 1  # before which none is needed
    BASE = 2  # where its ring begins
    ROOM = 3  # of its ring, a power of two
    WAITER = 4  # the process that waits for it, or -1
    NEED = 5  # for which event
    PERIOD = 6  # the first and the last of so many are kept; 0 keeps none
    KEPT = 7  # where the next one is kept
    KEEP = 8  # where the last one would be
    READERS = 9  # cursors: this and the next two; -1 is none


class Ch(enum.IntEnum):
    """Fields of a channel."""

    OFFERS = 0  # its streams
    READIES = 1
    OPENS = 2  # its first cycle
    MEETS = 3  # whether it is given and taken, and nobody asks for its streams
    GIVER = 4  # the process that waits there, or -1
    TAKER = 5
    MOVED = 6  # beats, where it meets


class Cu(enum.IntEnum):
    """Fields of a cursor."""

    AT = 0  # what it reads next
    BEHIND = 1  # how far it looks back


TAKE, GIVE, WAIT, PUT, REST, ALIGN, REPEAT = (int(op) for op in list(Op)[:-1])
PC, NOW, LEFT, TOLD = map(int, Pr)
COUNT, FLOOR, BASE, ROOM, WAITER, NEED, PERIOD, KEPT, KEEP, READERS = map(int, St)
OFFERS, READIES, OPENS, MEETS, GIVER, TAKER, MOVED = map(int, Ch)
AT, BEHIND = map(int, Cu)


@njit(cache=True)
def needed(streams, number, cursors):
    """The first event of a stream that somebody may still read."""
    least = streams[number, COUNT]
    for n in range(READERS, streams.shape[1]):
        reader = streams[number, n]
        if reader >= 0:
            least = min(least, max(cursors[reader, AT] - cursors[reader, BEHIND], 0))
    return least


@njit(cache=True)
def tell(streams, s, cycle, cursors, ring, kept, stack):
    """Record an event; False where the ring is full."""
    index, room = streams[s, COUNT], streams[s, ROOM]
    if index - streams[s, FLOOR] >= room:
        streams[s, FLOOR] = needed(streams, s, cursors)
        if index - streams[s, FLOOR] >= room:
            return False
    ring[streams[s, BASE] + (index & (room - 1))] = cycle
    streams[s, COUNT] = index + 1
    period = streams[s, PERIOD]
    if period and streams[s, KEPT] <= streams[s, KEEP]:
        place = index % period
        if place == 0 or place == period - 1:
            kept[streams[s, KEPT]] = cycle
            streams[s, KEPT] += 1
    waiter = streams[s, WAITER]
    if waiter >= 0 and streams[s, NEED] <= index:
        stack[0] += 1
        stack[stack[0]] = waiter
        streams[s, WAITER] = -1
    return True


@njit(cache=True)
def settle(code, pauses, processes, streams, channels, cursors, loops, ring, kept, stack):
    """Run processes until each has ended or waits: -1, or the stream whose ring is full."""
    while stack[0]:
        p = stack[stack[0]]
        stack[0] -= 1
        pc, now, left = processes[p, PC], processes[p, NOW], processes[p, LEFT]
        lacking = -1  # the stream whose ring is full
        while True:
            op, what, count = code[pc, 0], code[pc, 1], code[pc, 2]
            cycles, more = code[pc, 3], code[pc, 4]
            if op <= GIVE:
                if left == 0:
                    left = count
                    if op == TAKE:
                        now = max(now, channels[what, OPENS])
                if channels[what, MEETS]:  # as many beats at once as both are there for
                    mine, others = (TAKER, GIVER) if op == TAKE else (GIVER, TAKER)
                    q = channels[what, others]
                    if q >= 0:
                        its = code[processes[q, PC], 3]
                        beats = min(left, processes[q, LEFT])
                        last = max(now, processes[q, NOW]) + (beats - 1) * max(cycles, its)
                        now = last + cycles
                        processes[q, NOW] = last + its
                        left -= beats
                        processes[q, LEFT] -= beats
                        channels[what, MOVED] += beats
                        if processes[q, LEFT] == 0:
                            processes[q, PC] = code[processes[q, PC], 5]
                            stack[0] += 1
                            stack[stack[0]] = q
                            channels[what, others] = -1
                    if left:
                        channels[what, mine] = p
                        break
                    pc = code[pc, 5]
                    continue
                own, other = channels[what, OFFERS], channels[what, READIES]
                if op == TAKE:
                    own, other = other, own
                at, base, room = cursors[more, AT], streams[other, BASE], streams[other, ROOM]
                while left:
                    if processes[p, TOLD] == 0:
                        if not tell(streams, own, now, cursors, ring, kept, stack):
                            lacking = own
                            break
                        processes[p, TOLD] = 1
                    if streams[other, COUNT] <= at:
                        streams[other, WAITER] = p
                        streams[other, NEED] = at
                        break
                    now = max(now, ring[base + (at & (room - 1))]) + cycles
                    at += 1
                    cursors[more, AT] = at
                    left -= 1
                    processes[p, TOLD] = 0
                if left:
                    break
                pc = code[pc, 5]
            elif op == WAIT:
                index = cursors[more, AT] + count - 1 - cursors[more, BEHIND]
                if index >= 0:
                    if streams[what, COUNT] <= index:
                        streams[what, WAITER] = p
                        streams[what, NEED] = index
                        break
                    place = index & (streams[what, ROOM] - 1)
                    now = max(now, ring[streams[what, BASE] + place] + cycles)
                cursors[more, AT] += count
                pc = code[pc, 5]
            elif op == PUT:
                if left == 0:
                    left = count
                while left:
                    if not tell(streams, what, now + cycles, cursors, ring, kept, stack):
                        lacking = what
                        break
                    left -= 1
                if left:
                    break
                pc = code[pc, 5]
            elif op == REST:
                now += cycles
                pc = code[pc, 5]
            elif op == ALIGN:
                now += pauses[what + now % count]
                pc = code[pc, 5]
            elif op == REPEAT:
                loops[what] += 1
                if loops[what] < count:
                    pc = more
                else:
                    loops[what] = 0
                    pc = code[pc, 5]
            else:
                break
        processes[p, PC] = pc
        processes[p, NOW] = now
        processes[p, LEFT] = left
        if lacking >= 0:
            stack[0] += 1
            stack[stack[0]] = p
            return lacking
    return -1
