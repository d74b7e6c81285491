"""Components of units: each has the streams of its record, and is found by its kind."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fq_hw.errors import GraphError, require
from fq_hw.schedule import units
from fq_hw.schedule.units import Beat, Unit
from rtl_gen.streams import signature

__all__ = ["Target", "UnitComponent", "component", "component_of"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a design is made for.

    family     form of the dot products, whose modules are linked in when it is emitted; None has
               plain ones in place, for simulators that know no module by name
    spram      whether large memories with one port lie in SPRAM, which has no initial contents
    preloaded  whether parameters are initial contents, or come in by ``i_fill`` after a reset; by
               default as SPRAM must have it
    stored     whether what a memory outside the chip is filled with lies there already, as it may
               in a simulation; it is not read back then
    """

    family: str | None = "plain"
    spram: bool = False
    preloaded: bool | None = None
    stored: bool = False

    def __post_init__(self) -> None:
        if self.preloaded is None:
            object.__setattr__(self, "preloaded", not self.spram)


PLAIN = Target(family=None)


class UnitComponent(wiring.Component):
    """Base of a unit's component, as ``class Threshold(UnitComponent, unit=ThresholdUnit)``.

    Its members are the unit's streams, by their names in ``unit.ins`` and ``unit.outs``.
    ``contents`` fills its ROM, table or start values. Raises GraphError where they are not of the
    shape that the unit says.
    """

    KINDS: ClassVar[dict[type[Unit], type[UnitComponent]]] = {}
    FILLED: ClassVar[bool] = False  # by ``i_fill`` whatever the target: it lies outside the chip

    def __init_subclass__(cls, unit: type[Unit] | None = None, **more: object) -> None:
        super().__init_subclass__(**more)
        if unit is not None:
            UnitComponent.KINDS[unit] = cls

    def __init__(self, unit: Unit, contents: np.ndarray | None = None, target: Target = PLAIN):
        shape, got = unit.contents, None if contents is None else contents.shape
        contract = f"needs contents of shape {shape}" if shape else "takes no contents"
        require(got == shape, type(unit).__name__, contract, got, kind=GraphError)
        self.unit, self.contents, self.target = unit, contents, target
        super().__init__(
            {name: In(signature(beat)) for name, beat in unit.ins.items()}
            | {name: Out(self.given(unit, beat)) for name, beat in unit.outs.items()}
            | dict(self.more)
        )

    @classmethod
    def given(cls, unit: Unit, beat: Beat) -> stream.Signature:
        """The stream of what it gives: lanes, unless the component names the bits otherwise."""
        return signature(beat)

    @classmethod
    def filling(cls, unit: Unit, contents: np.ndarray | None) -> list[int]:
        """What its ``i_fill`` wants after a reset; nothing where it has none."""
        return []

    @classmethod
    def off_chip(cls, unit: Unit) -> Mapping[str, wiring.Member]:
        """Members that are the accelerator's too: what goes to another chip, and how that is."""
        return {}

    @property
    def more(self) -> Mapping[str, wiring.Member]:
        """Members that are no streams between units."""
        return self.off_chip(self.unit)


def component_of(kind: type[Unit]) -> type[UnitComponent]:
    """The component of a kind, from the file of ``rtl_gen`` that is named like its record."""
    record = kind.__module__
    if kind not in UnitComponent.KINDS and record.startswith(units.__name__):
        file = record.replace(units.__name__, __package__)
        if importlib.util.find_spec(file):
            importlib.import_module(file)
    contract = "has no component; derive one from rtl_gen.component.UnitComponent"
    require(kind in UnitComponent.KINDS, kind.__name__, contract, kind=GraphError)
    return UnitComponent.KINDS[kind]


def component(
    unit: Unit, contents: np.ndarray | None = None, target: Target = PLAIN
) -> UnitComponent:
    """The component of ``unit``. Raises GraphError for a unit without one."""
    return component_of(type(unit))(unit, contents, target)
