"""Linux's own network stack and a simulated board: run in a network of its own, as its root.

linux_peer.py PROGRAM FOLDER    prints how many frames were right; ends with NO_TAP where no TAP
device can be made here.
"""

import fcntl
import os
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ethernet_cases import ADDRESS, NETWORK, NO_TAP, QUIET, pictures

from boards.accelerator import Accelerator
from sim.ethernet import EthernetWire
from sim.ethernet_board import EthernetBoard

TUNSETIFF, TAP, NO_INFO = 0x400454CA, 2, 0x1000
NAME, HOST = "fq0", "192.168.1.1/24"
COUNT = 40


class Tap:
    """A network device whose frames are ours to read and write."""

    def __init__(self):
        self.file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.file, TUNSETIFF, struct.pack("16sH", NAME.encode(), TAP | NO_INFO))
        for words in (["addr", "add", HOST, "dev", NAME], ["link", "set", NAME, "up"]):
            subprocess.run(["ip", *words], check=True)

    def fileno(self) -> int:
        return self.file

    def read(self) -> list[bytes]:
        found = []
        while True:
            try:
                frame = os.read(self.file, 2000)
            except BlockingIOError:
                return found
            found.append(frame + bytes(max(0, 60 - len(frame))))

    def write(self, frame: bytes) -> list[bytes]:
        os.write(self.file, frame)
        return []


def main(program: str, folder: str) -> int:
    try:
        tap = Tap()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no TAP device can be made here: {error}")
        return NO_TAP
    frames = pictures(COUNT, 8)
    host = ".".join(map(str, ADDRESS.ip))
    with (
        EthernetWire(Path(program), Path(folder)) as wire,
        EthernetBoard(wire, tap, quiet=QUIET),
        Accelerator(f"udp://{host}", NETWORK, timeout=20, idle_s=0.01, tries=1) as board,
    ):
        found = list(board.run(frames))
    right = sum(NETWORK.right(frame, one.scores) for frame, one in zip(frames, found, strict=True))
    print(f"{right} right, {board.tally.lost} lost")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
