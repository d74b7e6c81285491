"""Expected errors: each says which thing broke which contract, in one line."""

__all__ = [
    "ArtifactError",
    "CapacityError",
    "FoldingError",
    "FqHwError",
    "GraphError",
    "ParameterError",
    "SimulationError",
    "ToolError",
    "require",
]


class FqHwError(Exception):
    """Something outside the program is wrong; the command line prints it and exits with 2."""


class ParameterError(FqHwError):
    """A value given by the user or a configuration breaks its contract."""


class GraphError(FqHwError):
    """A network, graph or op is not well formed."""


class FoldingError(FqHwError):
    """A folding does not fit the layer it is meant for."""


class CapacityError(FqHwError):
    """A design needs more than the device has."""


class ArtifactError(FqHwError):
    """A file is missing, truncated, foreign, or of another version."""


class SimulationError(FqHwError):
    """A simulation did not end, or did not give what the golden model says."""


class ToolError(FqHwError):
    """An outside tool is missing or failed."""


def require(
    ok: object, where: str, contract: str, got: object, kind: type[FqHwError] = ParameterError
) -> None:
    """Raise ``kind`` with the message ``where: contract, not got`` unless ``ok``."""
    if not ok:
        raise kind(f"{where}: {contract}, not {got!r}")
