"""A configuration that names a torch module: trained, exported, sized, refused by name."""

import json

import numpy as np
import pytest
from idx_files import write_rows

from fq_hw import checkpoint
from fq_hw.cli import main
from fq_hw.data.source import Source
from fq_hw.traced import TracedNetwork

torch = pytest.importorskip("torch", reason="training needs torch")

MODULE = """
from torch import nn
from fq_hw.nn.modules import activation, conv2d, linear, pixel_embedding
import parts


class Net(nn.Module):
    def __init__(self, width=4, relu=False):
        super().__init__()
        self.body = nn.Sequential(
            pixel_embedding(1, 3), conv2d(3, width, 3), nn.BatchNorm2d(width), parts.middle(relu),
            nn.MaxPool2d(2), nn.Dropout(0.1), nn.Flatten(), linear(width * 16, 3),
        )

    def forward(self, images):
        return self.body(images)


NUMBER = 3


def number():
    return 3


def broken():
    return 1 / 0
"""
PARTS = """
from torch import nn
from fq_hw.nn.modules import activation


def middle(relu):
    return nn.ReLU() if relu else activation()
"""
CONFIG = """
[network]
name = "own"
image = [8, 8, 1]
classes = 3
module = "{module}"
arguments = {{ {arguments} }}

[data]
kind = "idx"
path = "{data}"

[train]
epochs = {epochs}
batch = 16
lr = 0.05
seed = 2
{more}
"""


@pytest.fixture
def write(tmp_path):
    """Writes a configuration beside its module and a set that is learned in a second."""
    write_rows(tmp_path, 160, 30)
    (tmp_path / "own_net.py").write_text(MODULE)
    (tmp_path / "parts.py").write_text(PARTS)

    def write(module="own_net.py:Net", arguments="width = 6", epochs=4, more=""):
        file = tmp_path / "own.toml"
        file.write_text(
            CONFIG.format(
                module=module, arguments=arguments, data=tmp_path, epochs=epochs, more=more
            )
        )
        return file

    return write


def test_trains_and_every_command_takes_it(write, tmp_path, capsys):
    config, out = write(), tmp_path / "out"
    assert main(["train", str(config), "--out", str(out), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["float test accuracy %"] > 80
    trained = checkpoint.read(out / "checkpoint.safetensors")
    assert isinstance(trained.network, TracedNetwork)
    assert trained.source == Source(kind=trained.source.kind, path=str(tmp_path), image=(8, 8, 1),
                                    classes=trained.source.classes)  # fmt: skip
    assert trained.arrays["body.1.weight"].shape == (6, 3, 3, 3)
    (tmp_path / "own_net.py").unlink()  # a checkpoint needs no code
    assert main(["golden", str(out / "checkpoint.safetensors"), "--json"]) == 0
    golden = json.loads(capsys.readouterr().out)
    assert golden["accuracy %"] == pytest.approx(figures["float test accuracy %"], abs=0.01)
    assert main(["show", str(out / "checkpoint.safetensors")]) == 0
    assert "body.7" in capsys.readouterr().out


def test_goes_on_where_it_stopped(write, tmp_path, capsys):
    whole, half = tmp_path / "whole", tmp_path / "half"
    assert main(["train", str(write()), "--out", str(whole)]) == 0
    from fq_hw.flow import train as flow

    class StopError(Exception):
        pass

    keep = flow.RunFolder.add_epoch

    def add(self, rows, trained, state):
        keep(self, rows, trained, state)
        if len(rows) == 2:
            raise StopError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow.RunFolder, "add_epoch", add)
        with pytest.raises(StopError):
            flow.train(flow.TrainGoal(config=write(), out=half))
    assert main(["train", str(write()), "--out", str(half), "--resume"]) == 0
    one, two = (checkpoint.read(folder / "checkpoint.safetensors") for folder in (whole, half))
    for name, array in one.arrays.items():
        np.testing.assert_array_equal(array, two.arrays[name], err_msg=name)


def test_is_sized_before_it_is_trained(write, capsys):
    assert main(["estimate", str(write()), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cycles per frame"] > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arguments": "relu = true"}, "'body.3': is a ReLU, which is no layer of hardware; leave"),
        ({"module": "other.py:Net"}, "other.py is no file"),
        ({"module": "own_net.py:Nett"}, "has nothing of the name Nett that can be called"),
        ({"module": "own_net.py:NUMBER"}, "has nothing of the name NUMBER that can be called"),
        (
            {"module": "own_net.py:number", "arguments": ""},
            "must give a torch.nn.Module (got 'int')",
        ),
        ({"module": "own_net.py:broken", "arguments": ""}, "raises ZeroDivisionError: division by"),
        ({"arguments": "depth = 3"}, "raises TypeError: Net.__init__() got an unexpected keyword"),
        ({"module": "own_net.py"}, "module must be FILE.py:NAME or PACKAGE.MODULE:NAME"),
        ({"module": "no_such_package.net:Net"}, "raises ModuleNotFoundError: No module named"),
        ({"more": 'table = "random"'}, "table is for networks without a module of their own"),
        ({"more": "real_epochs = 1"}, "real_epochs needs a first convolution"),
        ({"more": 'update = "direct"'}, "update direct needs a network of weight_scale learned"),
    ],
)
def test_is_refused_before_the_first_epoch(write, tmp_path, capsys, changes, message):
    out = tmp_path / "out"
    assert main(["train", str(write(**changes)), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and message in error
    assert not out.exists()
