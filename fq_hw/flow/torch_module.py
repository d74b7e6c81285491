"""A network that a configuration names as a torch module: imported, called, traced."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from fq_hw.errors import ArtifactError, FqHwError, ToolError, require
from fq_hw.float_network import FloatNetwork
from fq_hw.network import Network
from fq_hw.traced import TorchModule, TracedNetwork

__all__ = ["resolved"]

Make = Callable[[], Any]  # an nn.Module


def resolved(
    network: Network | FloatNetwork | TorchModule, folder: Path
) -> tuple[Network | FloatNetwork | TracedNetwork, Make | None]:
    """The record of ``network``, and what makes its module where that is the user's own.

    ``folder`` is where its file is seen from. Raises ToolError without torch, ArtifactError for
    what cannot be imported or called, GraphError, by name, for what hardware cannot do.
    """
    if not isinstance(network, TorchModule):
        return network, None
    try:
        from fq_hw.nn.tracing import traced
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        remedy = f"network {network.name!r}: needs torch; pip install -e '.[train]'"
        raise ToolError(f"{remedy} in the project's folder") from error
    make = factory(network, folder)
    return traced(make(), network.name, network.image, network.classes), make


def factory(network: TorchModule, folder: Path) -> Make:
    """What makes the module, anew with every call."""
    import torch

    where = f"network {network.name!r}, module {network.module!r}"
    file, _, name = network.module.rpartition(":")
    found = run(where, lambda: imported(file, folder, where))
    there = callable(getattr(found, name, None))
    contract = f"has nothing of the name {name} that can be called"
    require(there, where, contract, kind=ArtifactError)

    def make() -> Any:
        made = run(where, lambda: getattr(found, name)(**network.arguments))
        contract = "must give a torch.nn.Module"
        fits = isinstance(made, torch.nn.Module)
        require(fits, where, contract, type(made).__name__, kind=ArtifactError)
        return made

    return make


def imported(file: str, folder: Path, where: str) -> ModuleType:
    """The Python module of a package, or of a file, whose folder may hold what it imports."""
    if not file.endswith(".py"):
        return importlib.import_module(file)
    path = (folder / file).resolve()
    require(path.is_file(), where, f"{path} is no file", kind=ArtifactError)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None  # it is a Python file
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    found = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = found
    spec.loader.exec_module(found)
    return found


def run(where: str, what: Callable[[], object]) -> object:
    """What the user's own code gives, or one line that says what it raised."""
    try:
        return what()
    except FqHwError:
        raise
    except Exception as error:  # it may raise anything
        reason = str(error).partition("\n")[0]
        raise ArtifactError(f"{where}: raises {type(error).__name__}: {reason}") from error
