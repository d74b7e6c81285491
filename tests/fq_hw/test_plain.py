"""Plain data as records: whatever stands in a file is a record or one line, soon."""

import time
from dataclasses import dataclass, field

import pytest

from fq_hw.errors import FqHwError
from fq_hw.files import parse_json
from fq_hw.layers import Embedding
from fq_hw.network import Block, Network, Stage, StemConv
from fq_hw.plain import from_plain, to_plain


@dataclass(frozen=True, kw_only=True)
class Part:
    size: int
    share: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Whole:
    name: str
    block: Block = Block.BASIC
    sizes: tuple[int, ...] = ()
    parts: dict[str, Part] = field(default_factory=dict)
    more: dict = field(default_factory=dict)
    part: Part | None = None
    flag: bool = False


def deep(depth):
    return parse_json("[" * depth + "]" * depth, "it")


HOSTILE = {
    "none": None,
    "true": True,
    "huge": 10**400,
    "hex": int("f" * 5000, 16),
    "negative": -(2**63) - 1,
    "real": 0.5,
    "infinite": float("inf"),
    "nan": float("nan"),
    "text": "x",
    "lines": "a\nfq-hw: error: b",
    "long text": "x" * 10_000_000,
    "list": [],
    "long list": [0] * 1_000_000,
    "lists": [[[1]]],
    "deep": deep(900),
    "table": {},
    "long table": {str(n): n for n in range(100_000)},
    "other keys": {1: 2, (3,): 4, None: 5},
    "long key": {"x" * 1_000_000: 1},
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("key", [*Whole.__dataclass_fields__, "unknown", None])
def test_whatever_stands_there(key, value):
    plain = value if key is None else {"name": "x", key: value}
    began = time.monotonic()
    try:
        from_plain(Whole, plain, "it")
    except FqHwError as error:
        said = str(error)
        assert said.startswith("it") and said.isprintable() and len(said) <= 1000
    assert time.monotonic() - began < 1


def test_there_and_back():
    whole = Whole(name="x", sizes=(1, 2), parts={"a": Part(size=3)}, part=Part(size=4, share=1.0))
    assert from_plain(Whole, to_plain(whole), "it") == whole


NETWORK = {
    "name": "tiny",
    "image": (8, 8, 3),
    "classes": 4,
    "embedding": Embedding(length=2),
    "stem": (StemConv(width=4, norm=False),),
    "block": Block.BASIC,
    "stages": (Stage(width=4, blocks=1),),
}
WIDE = StemConv(width=65_536)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Stage(width=4, blocks=10**9), "Stage: blocks must be in 1..256 (got 1000000000)"),
        (lambda: Stage(width=10**9, blocks=1), "Stage: width must be in 1..65536"),
        (lambda: StemConv(width=10**9), "StemConv: width must be in 1..65536"),
        (lambda: network(image=(10**9, 8, 3)), "Network 'tiny': image must be height, width, c"),
        (lambda: network(image=(4096, 4096, 2)), "Network 'tiny': image must have at most 16,777"),
        (lambda: network(classes=10**9), "Network 'tiny': classes must be in 2..65536"),
        (lambda: network(image=(8, 8, 1000), embedding=Embedding(length=85)), "Network 'tiny': ch"),
        (lambda: network(stages=(Stage(width=4, blocks=1),) * 17), "Network 'tiny': the num"),
        (
            lambda: network(stem=(StemConv(width=4),) * 65),
            "Network 'tiny': the stem's convol",
        ),
        (
            lambda: network(stem=(WIDE, WIDE, *NETWORK["stem"])),
            "Network 'tiny': weights of one",
        ),
        (lambda: network(stages=(Stage(width=2048, blocks=2),)), "Network 'tiny': weights of one"),
        (lambda: network(stages=(Stage(width=1024, blocks=9),)), "Network 'tiny': weights of all"),
        (lambda: network(norm_eps=2.0), "Network 'tiny': norm_eps must be in 0..1, above 0"),
        (lambda: network(name="../../victim"), "Network '../../victim': the name must have"),
    ],
)
def test_sizes_beyond_reason_are_refused_at_once(make, message):
    began = time.monotonic()
    with pytest.raises(FqHwError) as caught:
        make()
    assert str(caught.value).startswith(message)
    assert time.monotonic() - began < 1


def network(**changes):
    return Network(**NETWORK | changes)
