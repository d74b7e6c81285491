"""How each op becomes units of a plan: a function for each kind, in the room of its kin."""

from fq_hw.schedule.placing import convolutions, ends, joins, levels, moves, pools
from fq_hw.schedule.placing.base import Placing, place
from fq_hw.schedule.placing.stream import Stream

__all__ = [
    "Placing",
    "Stream",
    "convolutions",
    "ends",
    "joins",
    "levels",
    "moves",
    "place",
    "pools",
]
