"""Stream forks: a reader that never comes. The rest: test_every_component."""

from rtl_gen.stream_fork import StreamFork
from sim import pysim
from sim.zoo import ZOO, random_vectors


def test_takes_nothing_until_all_have_it():
    unit = ZOO["fork_3"]
    blocked = pysim.block(StreamFork(unit), random_vectors(unit))
    assert blocked == {"i": 0, "o_0": 1, "o_1": 1, "o_2": 1}
