"""The state of a run between two epochs: how it is kept, what is refused, how the run goes on."""

from __future__ import annotations

import copy
import io
import zipfile
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from fq_hw.errors import ArtifactError, require
from fq_hw.nn.recipe import TrainConfig
from fq_hw.plain import to_plain

__all__ = ["pack", "restore", "snapshot", "unpack"]

WHERE = "train state"
MOMENTS = ("exp_avg", "exp_avg_sq")  # Adam's, of the shape of their weights


def snapshot(model: nn.Module, optimizer: torch.optim.Optimizer, epoch: int, origin: dict) -> dict:
    """All that the epochs after ``epoch`` depend on; it stays as it is when they are run."""
    parts = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    return copy.deepcopy(parts) | {"epoch": epoch, "origin": origin}


def pack(state: dict) -> bytes:
    """A state as the bytes of a file."""
    content = io.BytesIO()
    torch.save(state, content)
    return content.getvalue()


def unpack(content: bytes, where: str) -> dict:
    """Inverse of ``pack``. No code in it runs, and it needs no more memory than it has bytes.

    Raises ArtifactError, beginning with ``where``, for anything else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = archive.infolist()
        stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in inside)
        if not stored or sum(entry.file_size for entry in inside) > len(content):
            raise ValueError("it grows when it is read")
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # what is no such file raises nearly anything
        raise ArtifactError(f"{where}: the state is damaged; start a new run") from error
    require(isinstance(state, dict), where, "the state must be a table", state, kind=ArtifactError)
    return state


def restore(state: dict, model: nn.Module, optimizer: torch.optim.Optimizer, origin: dict) -> int:
    """Put ``state`` into model and optimizer; the number of the next epoch.

    Raises ArtifactError where it is of another run, or not whole.
    """
    check_origin(state, origin)
    epoch, epochs = state.get("epoch"), origin["train"]["epochs"]
    counted = type(epoch) is int and 0 <= epoch < epochs
    require(counted, WHERE, f"epoch must be in 0..{epochs - 1}", epoch, kind=ArtifactError)
    check_tensors(state.get("model"), model.state_dict(), f"{WHERE}, model")
    check_optimizer(state.get("optimizer"), optimizer)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return epoch + 1


def check_tensors(found: object, wanted: Mapping[str, Tensor], where: str) -> None:
    """Refuse other tensors than ``wanted`` by name, shape and type, and such as are not finite."""
    same = isinstance(found, Mapping) and set(found) == set(wanted)
    require(same, where, "must hold the tensors of the network", kind=ArtifactError)
    for name, tensor in wanted.items():
        have, contract = found[name], f"must have shape {tuple(tensor.shape)}, {tensor.dtype}"
        fits = isinstance(have, Tensor) and (have.shape, have.dtype) == (tensor.shape, tensor.dtype)
        require(fits, f"{where}, {name!r}", contract, have, kind=ArtifactError)
        finite = bool(torch.isfinite(have).all())
        require(finite, f"{where}, {name!r}", "must be finite", kind=ArtifactError)


def check_optimizer(found: object, optimizer: torch.optim.Optimizer) -> None:
    """Refuse what is not the state of such an optimizer; the learning rate is set anew anyway."""
    where, wanted = f"{WHERE}, optimizer", optimizer.state_dict()
    whole = isinstance(found, dict) and set(found) == set(wanted)
    require(whole, where, "must hold its state and its groups", kind=ArtifactError)
    groups = [repr(sorted_but_rate(group)) for group in wanted["param_groups"]]
    have = found["param_groups"]
    same = isinstance(have, list) and [repr(sorted_but_rate(group)) for group in have] == groups
    require(same, where, "must have the groups of this training", kind=ArtifactError)
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    require(isinstance(found["state"], dict), where, "state must be a table", kind=ArtifactError)
    for number, entry in found["state"].items():
        known = type(number) is int and 0 <= number < len(weights)
        require(known, where, "must be of the weights of the network", number, kind=ArtifactError)
        like = dict.fromkeys(MOMENTS, weights[number]) | {"step": torch.tensor(0.0)}
        check_tensors(entry, like, f"{where}, weight {number}")


def sorted_but_rate(group: object) -> object:
    """A group without its learning rate."""
    if not isinstance(group, dict):
        return group
    return sorted((str(key), value) for key, value in group.items() if key != "lr")


def check_origin(state: dict, origin: dict) -> None:
    """Refuse a state whose run had another network, data set or training configuration."""
    before = state.get("origin")
    before = before if isinstance(before, dict) else {}
    changed = [part for part in ("network", "data") if before.get(part) != origin[part]]
    recipe, default = before.get("train"), to_plain(TrainConfig(epochs=1))
    recipe = recipe if isinstance(recipe, dict) else {}
    want = origin["train"].items()
    changed += [f"train.{k}" for k, v in want if recipe.get(k, default[k]) != v]
    if origin["train"]["hold_out"] and before.get("order") != origin["order"]:
        changed.append("order of images, of which others were held out")
    if changed:
        message = f"{WHERE}: the run began with another {', '.join(changed)}"
        raise ArtifactError(f"{message}; resume with the same, or start a new run")
