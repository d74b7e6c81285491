"""SDR SDRAM outside the chip: what the data sheets say, and the time slots in which it is read."""

from fq_hw.schedule.sdram.agenda import Agenda, Burst, PassBursts, agenda_of
from fq_hw.schedule.sdram.chip import Cycles, SdramChip
from fq_hw.schedule.sdram.chips import CHIPS, M12L64322A, SDR_16M16, SDR_32M16
from fq_hw.schedule.sdram.identity import identity_of
from fq_hw.schedule.sdram.slots import Slots, slots_of

__all__ = [
    "CHIPS",
    "M12L64322A",
    "SDR_16M16",
    "SDR_32M16",
    "Agenda",
    "Burst",
    "Cycles",
    "PassBursts",
    "SdramChip",
    "Slots",
    "agenda_of",
    "identity_of",
    "slots_of",
]
