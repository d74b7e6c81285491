"""Every attribute of every operator that has a rule: honoured as qonnx executes it, or refused."""

from pathlib import Path

import pytest
from networks import random_images
from onnx import AttributeProto, helper
from onnx_attributes import EXAMPLES
from onnx_models import DOMAIN, Maker

from fq_hw.errors import GraphError
from fq_hw.foreign.onnx import PixelRange, compare, judge, read
from fq_hw.foreign.onnx.attributes import attributes, schema
from fq_hw.foreign.onnx.checks import NEWEST_OPSET
from fq_hw.foreign.onnx.node import RULES

OWN = {"Quant", "IntQuant", "BipolarQuant", "MultiThreshold", "Trunc"}


def known():
    """Every attribute of every version of every kind that has a rule."""
    for kind in sorted(RULES):
        domain, newest = (DOMAIN, 2) if kind in OWN else ("", NEWEST_OPSET)
        for opset in range(1, newest + 1):
            found = schema(kind, domain, opset)
            for name, attribute in (found.attributes if found else {}).items():
                yield kind, name, attribute, found


def test_every_honoured_attribute_has_examples():
    honoured = {(kind, name) for kind, name, *_ in known() if name in RULES[kind].honours}
    shown = {(kind, name) for kind, names in EXAMPLES.items() for name in names}
    assert honoured == shown
    declared = {(kind, name) for kind, found in RULES.items() for name in found.honours}
    assert declared - honoured <= {("Trunc", "signed"), ("Trunc", "narrow")}
    assert len(honoured) > 45


def other(attribute):
    """A value that is not the attribute's default."""
    if attribute.kind == AttributeProto.INT:
        return (attribute.default or 0) + 1
    return {
        AttributeProto.FLOAT: 0.1875,
        AttributeProto.STRING: "other",
        AttributeProto.INTS: [1, 1, 1],
        AttributeProto.FLOATS: [0.5],
    }[attribute.kind]


def test_every_other_attribute_is_refused_by_name():
    refused = set()
    for kind, name, attribute, found in known():
        if name in RULES[kind].honours:
            continue
        node = helper.make_node(kind, ["x"], ["y"], **{name: other(attribute)})
        with pytest.raises(GraphError, match=rf"^here: attribute {name} is not supported \(got "):
            attributes(node, found.attributes, RULES[kind].honours, "here")
        refused.add((kind, name))
    assert {("Gemm", "transA"), ("MaxPool", "storage_order"), ("ArgMax", "select_last_index"),
            ("BatchNormalization", "training_mode"), ("BatchNormalization", "spatial"),
            ("QuantizeLinear", "block_size"), ("Add", "broadcast")} <= refused  # fmt: skip


def test_attributes_that_no_schema_has():
    found = schema("Conv", "", 13)
    honours = RULES["Conv"].honours
    node = helper.make_node("Conv", ["x"], ["y"], dilation=[2, 2])
    with pytest.raises(GraphError, match="here: attribute dilation does not exist; Conv has auto"):
        attributes(node, found.attributes, honours, "here")
    node = helper.make_node("Conv", ["x"], ["y"], strides=2)
    with pytest.raises(GraphError, match="strides must be of type INTS \\(got 'INT'\\)"):
        attributes(node, found.attributes, honours, "here")
    found = schema("Gemm", "", 13)
    node = helper.make_node("Gemm", ["x"], ["y"], transB=2)
    with pytest.raises(GraphError, match=r"transB must be one of \[0, 1\] \(got 2\)"):
        attributes(node, found.attributes, RULES["Gemm"].honours, "here")
    quant = schema("Quant", DOMAIN, 1)
    node = helper.make_node("Quant", ["x"], ["y"], narrow=0)
    with pytest.raises(GraphError, match="here: attribute signed is missing"):
        attributes(node, quant.attributes, RULES["Quant"].honours, "here")


CASES = [
    pytest.param(case, id=f"{kind}-{name}-{number}")
    for kind, names in EXAMPLES.items()
    for name, cases in names.items()
    for number, case in enumerate(cases)
]


@pytest.mark.parametrize("case", CASES)
def test_examples(case, tmp_path):
    build, want, opset, own = (*case, *(13, 1)[len(case) - 2 :])
    make = Maker(seed=4)
    path = make.save(tmp_path / "net.onnx", build(make), opset=opset, own=own)
    model = read(path)
    judged = judge(model, "net", PixelRange.UNIT)
    refused = [line.why for line in judged.lines if not line.supported]
    if want:
        assert refused and want in refused[0]
        return
    assert not refused
    for picture in random_images((8, 8, 3), 3, 1):
        rows = list(compare(model, judged.imported, PixelRange.UNIT, picture))
        assert not any(row.wrong for row in rows), [row for row in rows if row.wrong]


def test_the_guide_names_every_operator():
    guide = (Path(__file__).parents[3] / "docs/reference/onnx.md").read_text()
    listed = guide.partition("These operators are taken: ")[2].partition(". ")[0]
    assert listed.replace("\n", " ").split(", ") == sorted(RULES)
