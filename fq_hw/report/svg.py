"""Elements of SVG and HTML as text: attributes and words are escaped, elements are not."""

from __future__ import annotations

from html import escape

__all__ = ["Drawn", "number", "svg", "tag"]


class Drawn(str):
    """A finished element; Jinja puts it in as it is."""

    def __html__(self) -> str:
        return self


def number(value: object) -> str:
    """A coordinate in few letters: two decimals at most, the same on every machine."""
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def tag(kind: str, *inside: str, **attributes: object) -> Drawn:
    """An element: ``class_`` is class, ``data_l`` data-l; None leaves an attribute out."""
    words = [
        f' {name.strip("_").replace("_", "-")}="{escape(number(value))}"'
        for name, value in attributes.items()
        if value is not None
    ]
    text = "".join(part if isinstance(part, Drawn) else escape(part) for part in inside)
    return Drawn(f"<{kind}{''.join(words)}>{text}</{kind}>")


def svg(wide: float, tall: float, *inside: str, label: str, **attributes: object) -> Drawn:
    """A picture with a name for those who do not see it."""
    box = f"0 0 {number(wide)} {number(tall)}"
    return tag("svg", *inside, viewBox=box, role="img", aria_label=label, **attributes)
