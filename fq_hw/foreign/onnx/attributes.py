"""What attributes an operator has, by ONNX's schemas and qonnx's: honoured, or refused by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import onnx
from onnx import AttributeProto, helper
from qonnx.custom_op import registry

from fq_hw.errors import GraphError, require

__all__ = ["OWN_DOMAINS", "Attribute", "Schema", "attributes", "schema"]

OWN_DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
MOST_INPUTS = 1000  # of a Concat
REALS = ("tensor(float)",)
WIDTHS = (*REALS, "tensor(int32)", "tensor(int64)")
OWN_TYPES = (*(("T", REALS),) * 3, ("B", WIDTHS))  # the fourth input is a bit width
FLAGS = (  # integers that mean yes or no
    "allowzero", "ceil_mode", "count_include_pad", "keepdims", "largest", "narrow",
    "noop_with_empty_axes", "signed", "sorted", "transA", "transB",
)  # fmt: skip
TYPES = {  # how qonnx calls them
    "i": AttributeProto.INT,
    "f": AttributeProto.FLOAT,
    "s": AttributeProto.STRING,
    "t": AttributeProto.TENSOR,
    "ints": AttributeProto.INTS,
    "floats": AttributeProto.FLOATS,
    "strings": AttributeProto.STRINGS,
}


@dataclass(frozen=True)
class Attribute:
    """What a schema says of an attribute; ``default`` is None where there is none.

    ``allowed`` holds the values that it may have, where the schema lists them.
    """

    kind: int
    required: bool
    default: object
    allowed: Collection[object] = ()


@dataclass(frozen=True)
class Schema:
    """An operator's attributes; how many inputs it may have, and of which types.

    ``types`` holds a name and the allowed types of each input, the last for all that follow; inputs
    of one name must be of one type.
    """

    attributes: Mapping[str, Attribute]
    inputs: range
    types: tuple[tuple[str, Collection[str]], ...] = ()

    def check_types(self, given: Sequence[str | None], where: str) -> None:
        """Raise GraphError unless the types of the inputs, None for one left out, are allowed."""
        names: dict[str, str] = {}
        for index, kind in enumerate(given if self.types else ()):
            name, allowed = self.types[min(index, len(self.types) - 1)]
            if kind is not None:
                known = [names[name]] if name in names else sorted(allowed)
                contract = f"input {index} must be of type {' or '.join(known)}"
                require(kind in known, where, contract, kind, kind=GraphError)
                names[name] = kind


def plain(value: object) -> object:
    """Strings for bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def schema(kind: str, domain: str, opset: int) -> Schema | None:
    """An operator in a version of its domain; None where it does not exist."""
    if domain in OWN_DOMAINS:
        node = helper.make_node(kind, [], [], domain=OWN_DOMAINS[0])
        try:
            types = registry.getCustomOp(node, onnx_opset_version=opset).get_nodeattr_types()
        except KeyError:
            return None
        known = {
            name: Attribute(
                TYPES[kind], required, default, *(allowed or [(0, 1)] * (name in FLAGS))
            )
            for name, (kind, required, default, *allowed) in types.items()
        }
        return Schema(known, range(1, MOST_INPUTS), OWN_TYPES)
    try:
        found = onnx.defs.get_schema(kind, opset, "" if domain == "ai.onnx" else domain)
    except onnx.defs.SchemaError:
        return None
    known = {
        name: Attribute(
            int(a.type.value),
            a.required,
            plain(helper.get_attribute_value(a.default_value)) if a.default_value.name else None,
            (0, 1) if name in FLAGS else (),
        )
        for name, a in found.attributes.items()
    }
    types = tuple((i.type_str, i.types) for i in found.inputs)
    return Schema(known, range(found.min_input, min(found.max_input, MOST_INPUTS) + 1), types)


def attributes(
    proto: onnx.NodeProto, known: Mapping[str, Attribute], honours: Collection[str], where: str
) -> dict[str, object]:
    """The values of the attributes that a rule honours, defaults filled in.

    Raises GraphError for one that the schema lacks, one of another type, and one that is not
    honoured, unless it has its default.
    """
    found: dict[str, object] = {}
    for a in proto.attribute:
        has = f"{proto.op_type} has {', '.join(sorted(known)) or 'none'}"
        require(a.name in known, where, f"attribute {a.name} does not exist", hint=has,
                kind=GraphError)  # fmt: skip
        kinds = AttributeProto.AttributeType.Name
        contract = f"attribute {a.name} must be of type {kinds(known[a.name].kind)}"
        right = a.type == known[a.name].kind and not a.ref_attr_name
        require(right, where, contract, kinds(a.type), kind=GraphError)
        found[a.name] = plain(helper.get_attribute_value(a))
        allowed = known[a.name].allowed
        contract = f"attribute {a.name} must be one of {sorted(allowed)}"
        fits = not allowed or found[a.name] in allowed
        require(fits, where, contract, found[a.name], kind=GraphError)
        default = known[a.name].default
        kept = a.name in honours or found[a.name] == default
        hint = "leave it out" if default is None else f"it must be {default!r}, its default"
        contract = f"attribute {a.name} is not supported"
        require(kept, where, contract, found[a.name], hint=hint, kind=GraphError)
    missing = [n for n, a in known.items() if a.required and n not in found]
    require(not missing, where, f"attribute {', '.join(missing)} is missing", kind=GraphError)
    return {n: found.get(n, a.default) for n, a in known.items() if n in honours}
