"""Networks that users build: each small, as Brevitas or another tool exports it."""

from brevitas_nets import joins, kernels, quantizers, strangers
from brevitas_nets.parts import Made, Net

__all__ = ["NETS"]

NETS: dict[str, Net | Made] = {
    **kernels.NETS, **joins.NETS, **quantizers.NETS, **strangers.NETS,
}  # fmt: skip
