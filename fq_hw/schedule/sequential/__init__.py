"""Sequential schedule: one array runs all layers of a graph in turn, for small devices."""

from fq_hw.schedule.sequential.lower import lower_sequential
from fq_hw.schedule.sequential.plan import Array, Pass, Region, SequentialPlan

__all__ = ["Array", "Pass", "Region", "SequentialPlan", "lower_sequential"]
