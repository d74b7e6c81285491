"""Torch layers, quantizers, networks and training. Nothing right of this package needs it."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["choose_kernels"]

CPU = Path("/proc/cpuinfo")
ISA = "ONEDNN_MAX_CPU_ISA"  # oneDNN looks at it with the first convolution


def choose_kernels(cpu: Path = CPU) -> None:
    """Keep torch's oneDNN from kernels that damage memory, unless the user has chosen its kernels.

    Those for AVX2, in torch 2.13, write beyond what is theirs in a convolution's gradient: training
    dies on an AMD EPYC without AVX-512. Those for AVX do not.
    """
    known = cpu.read_text(encoding="utf-8") if cpu.exists() else ""
    if "AuthenticAMD" in known and "avx512f" not in known:
        os.environ.setdefault(ISA, "AVX")


choose_kernels()
