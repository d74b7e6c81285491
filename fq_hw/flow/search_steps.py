"""The two passes of a search, with their bars: every tensor in order, then a second look at all."""

from __future__ import annotations

import itertools
import math
import time

from fq_hw.fixed.network import tensors
from fq_hw.fixed.savings import savings
from fq_hw.fixed.search import Counter, Decision, Judge, SearchConfig, second_look, with_spare
from fq_hw.float_network import FloatNetwork, nodes
from fq_hw.flow.search_log import SearchLog

__all__ = ["decide", "look_again"]


def told(decision: Decision, judge: Judge) -> str:
    """What a bar says of a decision."""
    loss = judge.loss(decision.errors)
    return f"{decision.tensor}: {decision.form.bits} bit, loss {loss:.2%}"


def decide(network: FloatNetwork, steps, log: SearchLog, judge: Judge) -> dict:
    """Run the search with a bar in products, which is what a decision's time goes by."""
    from tqdm import tqdm

    found = list(nodes(network))
    products = [
        math.prod(node.weight_shape) * math.prod(node.shape[:2]) if node.weighted else 0
        for node in found
    ]
    left = {node.name: sum(products[node.index :]) / 1e6 for node in found}
    order, formats = list(tensors(network)), {}
    done = sum(left[t.layer] for t in log.decided)
    total = sum(left[t.layer] for t in order)
    with tqdm(total=total, initial=done, unit="MMAC", unit_scale=True, mininterval=1) as bar:
        began = time.monotonic()
        for decision in steps:
            if decision.tensor not in log.decided:
                bar.update(left[decision.tensor.layer])
            log.add(decision, time.monotonic() - began)
            began = time.monotonic()
            formats[decision.tensor] = decision.form
            bar.set_postfix_str(told(decision, judge))
    return formats


def look_again(
    network: FloatNetwork,
    formats: dict,
    spare: int,
    counter: Counter,
    judge: Judge,
    config: SearchConfig,
) -> dict:
    """The formats after a second look, which ends when no bit fits in what its bar has left.

    Those from before, where they save more.
    """
    from tqdm import tqdm

    found, tried, last = with_spare(formats, spare), itertools.count(1), ""
    with tqdm(desc="second look", total=judge.allowed(2 * config.target), unit="error") as bar:

        def report() -> None:
            bar.set_postfix_str(f"{last}{next(tried)} tensors tried")

        for decision in second_look(network, found, counter, judge, config, report):
            found[decision.tensor] = decision.form
            last = f"{told(decision, judge)}, "
            bar.n = decision.errors

    def saved_in_all(chosen: dict) -> float:
        saving = savings(network, chosen)
        return saving.memory + saving.products_by_output

    return max(formats, found, key=saved_in_all)
