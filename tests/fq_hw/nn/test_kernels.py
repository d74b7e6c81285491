"""Which of oneDNN's kernels torch may use."""

import pytest

from fq_hw.nn import ISA, choose_kernels

OLD_AMD = "vendor_id\t: AuthenticAMD\nflags\t\t: sse4_1 avx avx2 fma\n"


@pytest.mark.parametrize(
    ("cpu", "chosen", "found"),
    [
        (OLD_AMD, None, "AVX"),
        (OLD_AMD, "SSE41", "SSE41"),
        (OLD_AMD.replace("fma", "avx512f"), None, None),
        (OLD_AMD.replace("AuthenticAMD", "GenuineIntel"), None, None),
        (None, None, None),
    ],
    ids=["damages", "user's", "AVX-512", "another maker's", "not Linux"],
)
def test_avx2_is_left_out_where_it_damages_memory(cpu, chosen, found, tmp_path, monkeypatch):
    monkeypatch.delenv(ISA, raising=False)
    environment = {} if chosen is None else {ISA: chosen}
    monkeypatch.setattr("os.environ", environment)
    path = tmp_path / "cpuinfo"
    if cpu is not None:
        path.write_text(cpu)
    choose_kernels(path)
    assert environment.get(ISA) == found
