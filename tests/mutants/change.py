"""What is changed: one operator, comparison or constant of a source file, drawn by a hash."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["COUNT", "GROUPS", "Mutant", "chosen", "mutants", "of_group"]

COUNT = 80  # of a group
GROUPS = {  # what must be right, and where it is
    "generators": ("rtl_gen", "bus"),
    "schedule": ("fq_hw/schedule",),
    "golden": ("fq_hw/golden", "fq_hw/ir", "fq_hw/rounding.py", "fq_hw/exact.py"),
    "export": ("fq_hw/export.py", "fq_hw/fixed/export.py", "fq_hw/checkpoint.py", "fq_hw/passes",
               "fq_hw/network.py", "fq_hw/float_network.py"),
    "import": ("fq_hw/foreign",),
}  # fmt: skip
OTHER = {  # near ones: what a slip of the hand would write
    "+": "-", "-": "+", "*": "+", "/": "*", "//": "*", "%": "//", "**": "*",
    "<<": ">>", ">>": "<<", "&": "|", "|": "&", "^": "|",
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
    "+=": "-=", "-=": "+=", "and": "or", "or": "and", "not": "", "~": "",
    "True": "False", "False": "True", "min": "max", "max": "min",
}  # fmt: skip
ALONE = {"not", "~"}  # stand before their only operand
SAID = {"__repr__", "__str__"}  # is for people, and not judged here


@dataclass(frozen=True, order=True)
class Mutant:
    """One token of ``path`` at ``line`` (from 1), ``column`` (from 0), and what stands there."""

    path: str
    line: int
    column: int
    old: str
    new: str
    text: str  # of the line, as it is

    @property
    def name(self) -> str:
        """It stays where lines above it come and go."""
        return f"{self.path}: {self.text.strip()} | {self.old} -> {self.new} at {self.place}"

    @property
    def place(self) -> int:
        """Column within the text."""
        return self.column - (len(self.text) - len(self.text.lstrip()))

    def applied(self, source: str) -> str:
        """``source`` with it."""
        lines = source.splitlines(keepends=True)
        line = lines[self.line - 1]
        assert line[self.column :].startswith(self.old)
        changed = line[: self.column] + self.new + line[self.column + len(self.old) :]
        return "".join([*lines[: self.line - 1], changed, *lines[self.line :]])

    def plain(self) -> dict:
        return asdict(self)


def chosen(root: Path, count: int = COUNT, seed: int = 1) -> dict[str, list[Mutant]]:
    """Of each group ``count``, from as many lines, in a random order.

    Each line is drawn by itself, so that others which come and go change few of them.
    """

    def drawn(text: str) -> bytes:
        return hashlib.sha256(f"{seed} {text}".encode()).digest()

    found = {}
    for group, places in GROUPS.items():
        lines: dict[str, list[Mutant]] = {}
        for one in of_group(root, places):
            lines.setdefault(f"{one.path}: {one.text.strip()}", []).append(one)
        rows = [lines[text] for text in sorted(lines, key=drawn)[:count]]
        found[group] = [min(row, key=lambda one: drawn(one.name)) for row in rows]
    return found


def of_group(root: Path, places: tuple[str, ...]) -> Iterator[Mutant]:
    """All of the files in ``places``."""
    for place in places:
        files = [root / place] if place.endswith(".py") else (root / place).rglob("*.py")
        for file in sorted(files):
            yield from mutants(file.read_text(), file.relative_to(root).as_posix())


def mutants(source: str, path: str) -> Iterator[Mutant]:
    """All of a file."""
    tree = ast.parse(source)
    spared = list(spans(tree))
    text = source.splitlines()
    before = None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NL, tokenize.COMMENT):
            continue
        (line, column), old = token.start, token.string
        spared_here = any(start <= token.start < end for start, end in spared)
        if not spared_here:
            for new in others(token, before):
                yield Mutant(path, line, column, old, new, text[line - 1])
        before = token


def others(token: tokenize.TokenInfo, before: tokenize.TokenInfo | None) -> list[str]:
    """What may stand in the place of ``token``, which follows ``before``."""
    if token.type == tokenize.NUMBER:
        value = ast.literal_eval(token.string)
        return [str(value + 1)] + ([str(value - 1)] if value > 0 else [])
    if token.string not in OTHER:
        return []
    operator = token.type == tokenize.OP and token.string not in ALONE
    if operator and (before is None or not operand(before)):
        return []  # a sign, or a star before arguments
    return [OTHER[token.string]]


def operand(token: tokenize.TokenInfo) -> bool:
    """Whether a value ends with ``token``."""
    if token.type == tokenize.NAME:
        return token.string not in {"return", "yield", "in", "and", "or", "not", "if", "else"}
    return token.type in (tokenize.NUMBER, tokenize.STRING) or token.string in (")", "]", "}")


def spans(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where nothing is computed that a model or a design could show."""
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.FunctionDef):
            parts = [node.returns, *node.decorator_list]
            if node.name in SAID:
                parts.append(node)
        elif isinstance(node, ast.arg | ast.AnnAssign):
            parts = [node.annotation]
        elif isinstance(node, ast.ClassDef):
            parts = [*node.decorator_list]
        elif isinstance(node, ast.keyword):
            parts = [node.value] if node.arg == "strict" else []  # a contract within the project
        elif isinstance(node, ast.Import | ast.ImportFrom):
            parts = [node]
        elif isinstance(node, ast.If):
            parts = [node] if ast.unparse(node.test) == "TYPE_CHECKING" else []
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            alias = node.targets[0].id == "__all__" or is_type(node.value)
            parts = [node] if alias else []
        for part in parts:
            if part is not None:
                yield (
                    (part.lineno, part.col_offset),
                    (part.end_lineno or 0, part.end_col_offset or 0),
                )


def is_type(value: ast.expr) -> bool:
    """Whether it is a union of types or a generic one, as ``Pair = tuple[int, ...]``."""
    names = {"tuple", "dict", "list", "Callable", "Mapping", "Sequence", "Iterator"}
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.BitOr) and all(
            isinstance(side, ast.Name) and side.id[0].isupper() or is_type(side)
            for side in (value.left, value.right)
        )
    inner = value.value if isinstance(value, ast.Subscript) else None
    return isinstance(inner, ast.Name) and inner.id in names
