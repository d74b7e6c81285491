"""From a trained model to hardware, for Python: what the commands do, they do by this.

    model = flow.load("ern-digits.safetensors")
    design = model.design(cycles=9_216)
    design.write_verilog("accelerator.v")

Torch, Amaranth, ONNX and the solver are imported by what needs them, not before.
"""

from fq_hw.flow.activations import save_layers
from fq_hw.flow.bars import golden_labels
from fq_hw.flow.build import BuildGoal
from fq_hw.flow.classify import Seen
from fq_hw.flow.design import Design, Emitted, check_verilog
from fq_hw.flow.fold import FoldGoal
from fq_hw.flow.hardware import DEFAULT_CYCLES, Arrays, Hardware
from fq_hw.flow.images import choose, example_image, load_images
from fq_hw.flow.load import load
from fq_hw.flow.model import SHIPPED, Model, load_model
from fq_hw.flow.paths import output_path
from fq_hw.flow.simulate import Comparison, compare
from fq_hw.flow.sizes import load_sized, load_untrained
from fq_hw.flow.weights import FlashWeights, flash_weights

__all__ = [
    "DEFAULT_CYCLES",
    "SHIPPED",
    "Arrays",
    "BuildGoal",
    "Comparison",
    "Design",
    "Emitted",
    "FlashWeights",
    "FoldGoal",
    "Hardware",
    "Model",
    "Seen",
    "check_verilog",
    "choose",
    "compare",
    "example_image",
    "flash_weights",
    "golden_labels",
    "load",
    "load_images",
    "load_model",
    "load_sized",
    "load_untrained",
    "output_path",
    "save_layers",
]
