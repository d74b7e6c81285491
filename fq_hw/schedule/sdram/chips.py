"""The chips of the boards that we know. A record stands for all parts that a board may carry.

Where a board came with several parts, each time is the longest of theirs.
"""

from __future__ import annotations

from fq_hw.schedule.sdram.chip import SdramChip

__all__ = ["CHIPS", "M12L64322A", "SDR_16M16", "SDR_32M16"]

REFRESH_8K, REFRESH_4K = 64e6 / 8192, 64e6 / 4096
SDR_16M16 = SdramChip(
    name="16M x 16", width=16, row_bits=13, column_bits=9, clock_ns=7,
    rcd_ns=21, rp_ns=21, ras_ns=45, rc_ns=70, rrd_ns=15, rfc_ns=70, wr_ns=20,
    access_ns=5.4, hold_ns=2.5, off_ns=5.4, setup_ns=1.5, keep_ns=0.8, refresh_ns=REFRESH_8K,
    source="Alliance AS4C16M16SA-7, table 16 (March 2015): 21, 21, 42, 63, 14, 63, 14 ns; ISSI "
           "IS42S16160 as in LiteDRAM: tWR 20, tRFC 70 ns; Winbond W9825G6JH, section 9.5",
)  # fmt: skip
SDR_32M16 = SdramChip(
    name="32M x 16", width=16, row_bits=13, column_bits=10, clock_ns=7,
    rcd_ns=21, rp_ns=21, ras_ns=42, rc_ns=63, rrd_ns=14, rfc_ns=63, wr_ns=14,
    access_ns=5.4, hold_ns=2.5, off_ns=5.4, setup_ns=1.5, keep_ns=0.8, refresh_ns=REFRESH_8K,
    source="Alliance AS4C32M16SB-7, table 16",
)  # fmt: skip
M12L64322A = SdramChip(
    name="2M x 32", width=32, row_bits=11, column_bits=8, clock_ns=7,
    rcd_ns=20, rp_ns=20, ras_ns=42, rc_ns=63, rrd_ns=14, rfc_ns=63, wr_ns=15,
    access_ns=6.0, hold_ns=2.0, off_ns=6.0, setup_ns=2.0, keep_ns=1.0, refresh_ns=REFRESH_4K,
    source="ESMT M12L64322A-7: tRDL 14 ns, 15.6 us (revisions 1.7, 0.4 of its data sheet); the "
           "others those of its sister M12S16161A-7, longer than the -5's in LiteDRAM",
)  # fmt: skip
CHIPS = {chip.name: chip for chip in (SDR_16M16, SDR_32M16, M12L64322A)}
