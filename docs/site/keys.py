"""The reference of configurations, from the records that bind them; nothing of them is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

__all__ = ["ROOT", "record"]

ROOT = Path(__file__).parents[2]


def record(dotted: str) -> str:
    """The section of a record: its docstring, and a table of its keys; of an enum its values."""
    module, _, name = dotted.rpartition(".")
    source = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    classes = {n.name: n for n in ast.parse(source).body if isinstance(n, ast.ClassDef)}
    if name not in classes:
        raise LookupError(f"{module} has no class {name}")
    node = classes[name]
    text = with_values(ast.get_docstring(node) or "", classes.values())
    lead, told = fields(text, [key for key, *_ in keys(node)])
    lines = [f"### {name}", "", lead, ""]
    if members(node):
        values = ", ".join(f'`"{value}"`' for value in members(node).values())
        return "\n".join([*lines, f"Values: {values}", ""])
    lines += ["| key | kind | default | |", "| --- | --- | --- | --- |"]
    for key, kind, default in keys(node):
        lines.append(f"| `{key}` | {kind} | {default} | {told.get(key, '')} |")
    return "\n".join([*lines, ""])


def members(node: ast.ClassDef) -> dict[str, str]:
    """The values of an enum by their names; of another class none."""
    enum = any(ast.unparse(base) == "enum.Enum" for base in node.bases)
    found = [n for n in node.body if isinstance(n, ast.Assign)] if enum else []
    return {n.targets[0].id: n.value.value for n in found}


def with_values(text: str, classes: Iterable[ast.ClassDef]) -> str:
    """A docstring with the values of enums, as TOML has them, in the place of their names."""
    for name, value in {k: v for node in classes for k, v in members(node).items()}.items():
        text = re.sub(rf"\b{name}\b", f'`"{value}"`', text)
    return text


def keys(node: ast.ClassDef) -> list[tuple[str, str, str]]:
    """Name, kind and default of every field."""
    fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
    return [(n.target.id, kind_of(ast.unparse(n.annotation)), default_of(n.value)) for n in fields]


PLAIN = {
    "int": "integer",
    "float": "number",
    "str": "text",
    "bool": "true or false",
    "dict": "table",
}


def kind_of(annotation: str) -> str:
    """A type as TOML has it; a record or an enum of ours links to its section."""
    annotation = annotation.removesuffix(" | None")
    many = re.fullmatch(r"tuple\[(.+), \.\.\.\]", annotation)
    if many:
        return f"list of {kind_of(many[1])}" + ("s" if many[1] in PLAIN else "")
    several = re.fullmatch(r"tuple\[(.+)\]", annotation)
    if several:
        return "list: " + ", ".join(map(kind_of, several[1].split(", ")))
    if " | " in annotation:
        return " or ".join(map(kind_of, annotation.split(" | ")))
    return PLAIN.get(annotation) or f"[{annotation}](#{annotation.lower()})"


def default_of(value: ast.expr | None) -> str:
    """A default as TOML has it; of an enum its value's name, of what must be given "needed"."""
    if value is None:
        return "needed"
    text = ast.unparse(value)
    if isinstance(value, ast.Constant) and value.value is None or text == "()":
        return "none"
    if isinstance(value, ast.Constant) and isinstance(value.value, bool):
        return f"`{str(value.value).lower()}`"
    if isinstance(value, ast.Attribute):  # Keep.LAST
        return f'`"{value.attr.lower().replace("_", "-")}"`'
    if isinstance(value, ast.Call):
        return "none" if "dict" in text else "its own defaults"
    return f"`{text}`"


def fields(text: str, known: list[str]) -> tuple[str, dict[str, str]]:
    """What a docstring says of the record, and of each field after "Fields"."""
    lead, _, rest = text.replace("``", "`").partition("\nFields ")
    found, rest = {}, " ".join(rest.split())
    starts = list(re.finditer(r"(?:^|; |(?<=[\w.)`]) )((?:\w+, )*\w+): ", rest))
    starts = [s for s in starts if set(s[1].split(", ")) <= set(known)]
    ends = [start.start() for start in starts[1:]] + [len(rest)]
    for start, end in zip(starts, ends[: len(starts)], strict=True):
        said = rest[start.end() : end].strip(" ;")
        found |= dict.fromkeys(start[1].split(", "), said)
    return " ".join(lead.split()), found
