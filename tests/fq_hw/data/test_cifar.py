"""CIFAR in python format: files as Python 2 and 3 write them, and none that runs code."""

import pickle
import struct

import numpy as np
import pytest

from fq_hw.data import cifar
from fq_hw.data.cifar import load_cifar10, load_cifar100, read_dict
from fq_hw.errors import ArtifactError, GraphError

RNG = np.random.default_rng(0)
ROWS = RNG.integers(0, 256, (12, 3072), np.uint8)


def text(raw):
    """Python 2 str opcode: bytes to Python 3."""
    if len(raw) < 256:
        return b"U" + bytes([len(raw)]) + raw
    return b"T" + struct.pack("<i", len(raw)) + raw


def number(value):
    return b"J" + struct.pack("<i", value)


def array_as_python2(rows):
    """What Python 2 and numpy 1 wrote for an array of unsigned bytes."""
    dtype = b"cnumpy\ndtype\n" + text(b"u1") + b"K\0K\1\x87R"
    dtype += b"(K\3" + text(b"|") + b"NNN" + number(-1) + number(-1) + b"K\0tb"
    new = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + text(b"b") + b"\x87R"
    shape = number(rows.shape[0]) + number(rows.shape[1]) + b"\x86"
    return new + b"(K\1" + shape + dtype + b"\x89" + text(rows.tobytes()) + b"tb"


def as_python2(plain):
    """Protocol 2 of a dict of str keys; values are arrays, lists of int, or lists of str."""
    out = b"\x80\2}("
    for key, value in plain.items():
        out += text(key.encode())
        if isinstance(value, np.ndarray):
            out += array_as_python2(value)
        else:
            items = (number(v) if isinstance(v, int) else text(v.encode()) for v in value)
            out += b"](" + b"".join(items) + b"e"
    return out + b"u."


def as_python3(plain):
    """What Python 3 writes by default, bytes keys included."""
    return pickle.dumps({key.encode(): value for key, value in plain.items()})


def as_python3_protocol2(plain):
    return pickle.dumps(plain, protocol=2)


WRITERS = [as_python2, as_python3, as_python3_protocol2]


def write_cifar10(root, dump):
    for n in range(1, 6):
        batch = {"data": ROWS[2 * n - 2 : 2 * n], "labels": [n % 3, 2]}
        (root / f"data_batch_{n}").write_bytes(dump(batch))
    (root / "test_batch").write_bytes(dump({"data": ROWS[10:], "labels": [0, 1]}))
    (root / "batches.meta").write_bytes(dump({"label_names": ["plane", "car", "bird"]}))


@pytest.fixture
def root(tmp_path):
    write_cifar10(tmp_path, as_python2)
    return tmp_path


def refusal(root):
    with pytest.raises(ArtifactError) as caught:
        load_cifar10(root, (32, 32, 3))
    message = str(caught.value)
    assert message.startswith("data ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("dump", WRITERS)
def test_cifar10(tmp_path, dump):
    write_cifar10(tmp_path, dump)
    data = load_cifar10(tmp_path, (32, 32, 3))
    train, test = data.train(4), data.test()
    assert data.classes == ("plane", "car", "bird")
    assert train.labels.tolist() == [1, 2, 2, 2, 0, 2, 1, 2, 2, 2]
    assert test.labels.tolist() == [0, 1]
    assert test.images.shape == (2, 32, 32, 3)
    for y, x, colour in ((0, 0, 0), (3, 17, 1), (31, 30, 2)):  # rows of a colour, one after another
        place = 1024 * colour + 32 * y + x
        assert train.images[4, y, x, colour] == ROWS[4, place]
        assert test.images[1, y, x, colour] == ROWS[11, place]


@pytest.mark.parametrize("dump", WRITERS)
def test_cifar100(tmp_path, dump):
    coarse = {"coarse_labels": [0, 0], "fine_labels": [0, 1]}
    (tmp_path / "train").write_bytes(dump({"data": ROWS[:2]} | coarse))
    (tmp_path / "test").write_bytes(dump({"data": ROWS[2:4]} | coarse))
    names = {"fine_label_names": ["apple", "bear"], "coarse_label_names": ["all"]}
    (tmp_path / "meta").write_bytes(dump(names))
    data = load_cifar100(tmp_path, (32, 32, 3))
    assert data.classes == ("apple", "bear")
    assert data.train(0).labels.tolist() == [0, 1]
    assert (data.test().images[1].transpose(2, 0, 1).ravel() == ROWS[3]).all()


@pytest.mark.parametrize("protocol", range(5))
def test_reads_every_older_protocol(tmp_path, protocol):
    file = tmp_path / "batch"
    file.write_bytes(pickle.dumps({b"data": ROWS[:3], b"labels": [1]}, protocol))
    plain = read_dict(file)
    np.testing.assert_array_equal(plain["data"], ROWS[:3])
    assert plain["labels"] == [1]


@pytest.mark.parametrize(
    "evil",
    [
        b"cos\nsystem\n(S'touch {}'\ntR.",
        b"cposix\nsystem\n(S'touch {}'\ntR.",
        b"csubprocess\ngetoutput\n(S'touch {}'\ntR.",
        b'cbuiltins\neval\n(S\'open("{}", "w")\'\ntR.',
        b"cnumpy\nload\n(S'{}'\ntR.",
        b"(S'touch {}'\nios\nsystem\n.",
        b"cnumpy\nos.system\n(S'touch {}'\ntR.",
    ],
)
def test_refuses_code_without_running_it(root, evil):
    trace = root / "trace"
    file = root / "data_batch_2"
    file.write_bytes(evil.replace(b"{}", str(trace).encode()))
    assert refusal(root).startswith(f"data {file}: not a CIFAR file in python format (a global ")
    assert not trace.exists()


def test_refuses_code_in_an_object_array(root):
    class Evil:
        def __reduce__(self):
            return (root.rename, ("gone",))

    file = root / "test_batch"
    file.write_bytes(pickle.dumps({"data": np.array([Evil()]), "labels": [1]}, protocol=2))
    assert "python format (a global " in refusal(root)
    assert root.exists()


def cut(plain, count):
    return as_python2(plain)[:count]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not a CIFAR file in python format ("),
        (b"\x1f\x8b rest", "not a CIFAR file in python format ("),
        (cut({"data": ROWS[:2], "labels": [0, 1]}, 900), "not a CIFAR file in python format ("),
        (pickle.dumps([1, 2]), "not a CIFAR file in python format ("),
        (as_python2({"data": ROWS[:2]}), "needs the keys data, labels (got ['data'])"),
        (
            as_python2({"data": ROWS[:2], "fine_labels": [1, 2]}),
            "needs the keys data, labels (got ['data', 'fine_labels'])",
        ),
        (
            as_python2({"data": ROWS[:2, :99], "labels": [0, 1]}),
            "needs rows of 3072 bytes (got (2, 99))",
        ),
        (as_python3({"data": ROWS[0], "labels": [0]}), "needs rows of 3072 bytes (got (3072,))"),
        (
            as_python3({"data": ROWS[:2] / 255, "labels": [0, 1]}),
            "needs rows of 3072 bytes (got (2, 3072))",
        ),
        (
            as_python3({"data": [[1], [2, 3]], "labels": [0, 1]}),
            "needs rows of 3072 bytes (got <class 'list'>)",
        ),
        (as_python3({"data": ROWS[:2], "labels": [0]}), "needs 2 labels (got 1)"),
        (
            as_python3({"data": ROWS[:2], "labels": 3}),
            "labels must be integers (got <class 'int'>)",
        ),
        (
            as_python3({"data": ROWS[:2], "labels": [0, 10**30]}),
            "labels must be integers (got <class 'list'>)",
        ),
        (
            as_python3({"data": ROWS[:2], "labels": ["a", "b"]}),
            "labels must be integers (got <class 'list'>)",
        ),
        (
            as_python3({"data": ROWS[:2], "labels": [0, 1.5]}),
            "labels must be integers (got <class 'list'>)",
        ),
    ],
)
def test_refuses_a_batch_that_does_not_fit(root, raw, message):
    file = root / "data_batch_4"
    file.write_bytes(raw)
    assert refusal(root).startswith(f"data {file}: {message}")


@pytest.mark.parametrize("names", [[], 3, [1, 2, 3], None])
def test_refuses_class_names_that_are_none(root, names):
    (root / "batches.meta").write_bytes(pickle.dumps({"label_names": names}))
    assert "batches.meta: needs the key label_names, a list of names" in refusal(root)


@pytest.mark.parametrize("name", ["data_batch_5", "test_batch", "batches.meta"])
def test_refuses_a_missing_file(root, name):
    (root / name).unlink()
    assert refusal(root).startswith(
        f"data {root / name}: there is no such file; unpack the archive"
    )


@pytest.mark.parametrize("label", [3, -1])
def test_refuses_labels_without_a_name(root, label):
    (root / "test_batch").write_bytes(as_python2({"data": ROWS[:2], "labels": [label, 0]}))
    assert "(test): labels must be " in refusal(root)


def test_refuses_another_size(root):
    with pytest.raises(
        ArtifactError, match=r"images must be 28 x 28 x 3, .*\(got \(32, 32, 3\)\); "
    ):
        load_cifar10(root, (28, 28, 3))


ARRAY = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
KIND = b"cnumpy\ndtype\n(S'u1'\nI0\nI1\ntR"


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x02Nr\xff\xff\xff\x07.",  # C's unpickler makes room for 2**27 objects
        b"cnumpy\nndarray\n(I1000000000000\ntR.",
        b"(dS'data'\n" + ARRAY + b"(I1\n(I1000000000000\nt" + KIND + b"I00\nS'x'\ntbs.",
        b"(dS'data'\n" + ARRAY + b"(I1\n(I1\nt" + KIND.replace(b"u1", b"O8") + b"I00\nS'x'\ntbs.",
        b"(dS'data'\n" + ARRAY + b"s.",
        b"}(NNK\x01Nu.",  # keys that are no texts
        b"c_codecs\nencode\n(Vx\nVidna\ntR.",
    ],
)
def test_refuses_pickles_that_ask_for_much(root, pickled):
    (root / "test_batch").write_bytes(pickled)
    assert "test_batch: not a CIFAR file in python format (" in refusal(root)


def test_class_names_are_lines(root):
    names = {"label_names": ["a\nfq-hw: error: forged", "b", "c"]}
    (root / "batches.meta").write_bytes(as_python3(names))
    with pytest.raises(GraphError, match="a class: the name must be one line"):
        load_cifar10(root, (32, 32, 3))


def test_refuses_pickles_of_many_steps(root, monkeypatch):
    monkeypatch.setattr(cifar, "MOST_STEPS", 1_000)
    (root / "test_batch").write_bytes(b"\x80\2" + b"N0" * 500 + b"N.")
    assert "python format (more than 1,000 steps)" in refusal(root)


def test_deep_names_are_not_repeated(root):
    raw = b"\x80\2}" + text(b"label_names") + b"]" * 5_000 + b"a" * 4_999 + b"s."
    (root / "batches.meta").write_bytes(raw)
    assert "needs the key label_names, a list of names (got <class 'list'>)" in refusal(root)
