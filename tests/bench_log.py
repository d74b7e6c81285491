"""What the long benches share: a log of what is done, by which an interrupted run resumes."""

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).parents[1]


def sources(*tops: str) -> str:
    """A digest of everything that decides a result: what lies in these folders."""
    found = hashlib.sha256()
    for top in tops:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".py", ".sv", ".v", ".json"):
                found.update(path.read_bytes())
    return found.hexdigest()[:16]


def logged(
    log: Path,
    key: str,
    wanted: Iterable,
    one: Callable[..., dict],
    pool: ProcessPoolExecutor,
    unit: str,
    *,
    keep: Callable[[dict], bool] = lambda row: True,
    say: Callable[[dict], str] = lambda row: "",
) -> list[dict]:
    """``one`` of each that is ``wanted``, from the log or made now in ``pool``.

    A row holds what it is of under ``key``. Rows of the log that are not to ``keep`` are made
    again; what ``say`` tells of a row is printed beside the bar.
    """
    wanted = list(wanted)
    lines = log.read_text().splitlines() if log.exists() else []
    done = {row[key]: row for row in map(json.loads, lines) if keep(row)}
    left = [item for item in wanted if item not in done]
    bar = tqdm(total=len(wanted), initial=len(wanted) - len(left), unit=unit, disable=None)
    with pool, log.open("a") as file, bar:
        for future in as_completed([pool.submit(one, item) for item in left]):
            row = future.result()
            done[row[key]] = row
            file.write(json.dumps(row) + "\n")
            file.flush()
            bar.update()
            if said := say(row):
                bar.write(said)
    return [done[item] for item in wanted]
