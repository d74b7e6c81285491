"""The networks that come with the project: by name, wherever it is installed."""

from __future__ import annotations

from pathlib import Path

from fq_hw.flow.hardware import SHIPPED

__all__ = ["configuration_file", "configuration_of", "model_file", "names"]

TRAINED, CONFIGURATION = ".safetensors", ".toml"


def names() -> list[str]:
    """All of them."""
    return sorted({path.stem for path in SHIPPED.parent.glob("*" + CONFIGURATION)})


def found(text: str, *endings: str) -> Path:
    """The file ``text``; where there is none, the shipped network of that name."""
    path = Path(text)
    inside = path.name == text and not path.exists()
    shipped = (SHIPPED.parent / f"{text}{ending}" for ending in endings if inside)
    return next((path for path in shipped if path.is_file()), path)


def model_file(text: str) -> Path:
    """A file that holds a model, or a shipped network: trained where it is."""
    return found(text, TRAINED, CONFIGURATION)


def configuration_file(text: str) -> Path:
    """A configuration, or that of a shipped network."""
    return found(text, CONFIGURATION)


def configuration_of(path: Path) -> Path:
    """The configuration that trained a shipped network; every other file as it is."""
    inside = path.parent == SHIPPED.parent and path.suffix == TRAINED
    return path.with_suffix(CONFIGURATION) if inside else path
