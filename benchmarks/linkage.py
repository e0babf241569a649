"""Linkage on the hard cases: households of a list against a census of the year after, with the model that ships.

The households are made by `sandbox.years`: CCCD missing for 40 %, telephones for 45 %, positions for 85 %, births by
year alone for 45 % (on either side), a few lineages to a village, heads changed for 5 %, moved 3 %, split 4 %, merged
1 %, new 8 %; every member with errors of their own. The list and the census are read from files by a process of its
own, whose seconds are those of `link` and whose peak memory includes the frames (`frames_mb`: before it began).

The yardstick is Splink's plain person-level recipe on the same data in the same run: each person compared by name,
birth, number, sex, village and telephone with term frequencies, trained by expectation maximisation, any member
blocked with any; households one to one by the sum of their people's weights, at the threshold that serves it best.
The set counts only where the recipe scores 0.985 to 0.992 (`yardstick_f1`, `set_counts`). Above 50,000 households it
runs on so many of the same generator, its seconds scaled.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from reconciliation.linkage import Side, default_model, link
from sandbox.years import begin, changes, evolve, observe, true_links

DEFAULT_SIZE = 100_000
PAGE_SIZE = 20_000
YARDSTICK_UP_TO = 50_000
#: Of no test and no model.
SEED = 20_261
_WINDOW = (0.985, 0.992)
_PRECISION = 0.999
#: Types of members as who holds a million households would hold them.
_THIN = {"relation": "category", "sex": "category", "birth_year": "Int16"}


def run(size: int = DEFAULT_SIZE) -> dict[str, Any]:
    """Link `size` listed households with the census of the year after."""
    with tempfile.TemporaryDirectory(prefix="rasoat-linkage-") as name:
        folder = Path(name)
        same, split, merge, hopeless = _make(size, folder)
        measured = _run_apart("link_files", folder)
        found = pd.read_parquet(folder / "households.parquet")
        recipe_folder, recipe_same = folder, same
        if size > YARDSTICK_UP_TO:
            recipe_folder = folder / "yardstick"
            recipe_folder.mkdir()
            recipe_same = _make(YARDSTICK_UP_TO, recipe_folder)[0]
        recipe = _run_apart("recipe_files", recipe_folder)
        recipe_found = pd.read_parquet(recipe_folder / "recipe.parquet")
    recipe_f1 = _best_f1(recipe_found, recipe_same)
    ratio = recipe["seconds"] / min(1.0, YARDSTICK_UP_TO / size) / measured["seconds"]
    ours = found[found["kind"].eq("same")]
    right = _right(ours, same)
    linked = ours["status"].eq("linked").to_numpy()
    asked = int(measured["asked"])
    doubtful = found[found["status"].eq("doubtful")]["interview_id"].nunique()
    return {
        "name": "linkage",
        "size": size,
        "seconds": measured["seconds"],
        "peak_mb": measured["peak_mb"],
        "figures": {
            "interviews": asked,
            "f1": _f1(int(right.sum()), len(ours), len(same)),
            "auto_at_precision_999": _automatic(ours["weight"].to_numpy(), right, len(same)),
            "linked": round(float(right[linked].sum() / len(same)), 4),
            "precision_of_linked": round(float(right[linked].mean()), 5),
            "clerical_share": round(doubtful / asked, 4),
            "f1_splits": _kind_f1(found, "split", split),
            "f1_mergers": _kind_f1(found, "merge", merge),
            "true_pairs_without_distinguishing_evidence": round(hopeless, 5),
            "cpu_seconds": measured["cpu_seconds"],
            "frames_mb": measured["frames_mb"],
            "yardstick_f1": recipe_f1,
            "set_counts": _WINDOW[0] <= recipe_f1 <= _WINDOW[1],
        },
        "yardstick": {
            "name": f"Splink's plain person-level recipe, {min(size, YARDSTICK_UP_TO):,} households",
            "seconds": recipe["seconds"],
            "f1": recipe_f1,
        },
        "ratio": round(ratio, 2),
    }


Pairs = set[tuple[str, str]]


def _make(size: int, folder: Path) -> tuple[Pairs, Pairs, Pairs, float]:
    """Write both sides to files; the true pairs of each kind, and the share of the same that nothing tells apart."""
    before = begin(size, seed=SEED)
    after = evolve(before, SEED + 1)
    listed, asked = observe(before, "list", SEED + 2), observe(after, "census", SEED + 3)
    for side, prefix in ((listed.side, "listed"), (asked.side, "asked")):
        households = side.households.astype({"village_id": "category", "commune_code": "category"})
        households.to_parquet(folder / f"{prefix}_households.parquet")
        # Whose member each is stands as a number, so that reading does not look up millions of keys.
        place = side.households.index.get_indexer(side.members.index.get_level_values(0)).astype(np.int32)
        number = side.members.index.get_level_values(1).to_numpy().astype(np.int32)
        members = side.members.reset_index(drop=True).astype(_THIN)
        members.assign(place=place, member_no=number).to_parquet(folder / f"{prefix}_members.parquet")
    links = true_links(listed, asked, changes(before, after))
    kinds = [
        set(links[links["kind"].eq(kind)][["interview_id", "household_code"]].itertuples(index=False, name=None))
        for kind in ("same", "split", "merge")
    ]
    return kinds[0], kinds[1], kinds[2], _hopeless(listed, asked, links[links["kind"].eq("same")])


def _hopeless(listed: Any, asked: Any, same: pd.DataFrame) -> float:
    """The share of true pairs in which no member agrees in number, full date, or name and year, nor the telephone."""
    members = []
    for seen in (listed, asked):
        frame = seen.side.members.assign(person_no=seen.people.array)
        frame["year"] = frame["birth_date"].dt.year.astype("Int64").fillna(frame["birth_year"])
        members.append(frame.reset_index(level=1, drop=True).rename_axis("household").reset_index())
    both = members[0].merge(members[1], on="person_no", suffixes=("_l", "_r"))
    evidence = (
        both["cccd_l"].eq(both["cccd_r"]).fillna(False)
        | both["birth_date_l"].eq(both["birth_date_r"])
        | (both["full_name_l"].eq(both["full_name_r"]) & both["year_l"].eq(both["year_r"]).fillna(False))
    )
    known = set(both.loc[evidence.astype(bool), ["household_r", "household_l"]].itertuples(index=False, name=None))
    phones = [seen.side.households["phone"] for seen in (listed, asked)]
    by_phone = phones[0].reindex(same["household_code"]).array == phones[1].reindex(same["interview_id"]).array
    without = [
        pair not in known for pair in same[["interview_id", "household_code"]].itertuples(index=False, name=None)
    ]
    return float((np.array(without) & ~np.asarray(pd.array(by_phone).fillna(False), dtype=bool)).mean())


def _right(found: pd.DataFrame, true: Pairs) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.array([pair in true for pair in zip(found["interview_id"], found["household_code"], strict=True)], bool)


def _f1(right: int, found: int, true: int) -> float:
    return round(2 * right / max(found + true, 1), 5)


def _kind_f1(found: pd.DataFrame, kind: str, true: Pairs) -> float:
    rows = found[found["kind"].eq(kind)]
    return _f1(int(_right(rows, true).sum()), len(rows), len(true))


def _automatic(weight: Any, right: Any, true: int) -> float:
    """The share of true pairs above the lowest weight down to which the precision holds."""
    order = np.argsort(-weight, kind="stable")
    above = np.cumsum(right[order])
    holds = np.flatnonzero(above / np.arange(1, len(order) + 1) >= _PRECISION)
    return round(float(above[holds[-1]] / true), 5) if len(holds) else 0.0


def _best_f1(found: pd.DataFrame, true: Pairs) -> float:
    """F1 at the threshold that serves the yardstick best."""
    rows = found.sort_values("weight", ascending=False)
    above = np.cumsum(_right(rows, true))
    return round(float((2 * above / (np.arange(1, len(rows) + 1) + len(true))).max()), 5)


def _run_apart(what: str, folder: Path) -> dict[str, Any]:
    """A process of its own: its peak memory is nobody else's."""
    command = [sys.executable, "-c", f"from benchmarks.linkage import {what}; {what}({str(folder)!r})"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _sides(folder: Path) -> tuple[Side, Side]:
    return _side(folder, "listed"), _side(folder, "asked")


def _side(folder: Path, prefix: str) -> Side:
    households, members = (_read(folder / f"{prefix}_{what}.parquet") for what in ("households", "members"))
    number = members.pop("member_no").to_numpy()
    levels: list[Any] = [households.index, pd.RangeIndex(1, int(number.max(initial=0)) + 1)]
    codes: list[Any] = [members.pop("place").to_numpy(), number - 1]
    # Checking would make a Python string of every key.
    index = pd.MultiIndex(levels=levels, codes=codes, verify_integrity=False)
    members.index = index.set_names(["household", "member_no"])
    return Side(households, members)


def _read(path: Path) -> pd.DataFrame:
    """A file as a frame; each column of the file is let go when it stands in the frame."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path, use_threads=False)
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    return frame


def link_files(folder: str) -> None:
    """Link the files of a folder; what was found beside them, what it took on standard output."""
    import pyarrow

    listed, asked = _sides(Path(folder))
    pyarrow.default_memory_pool().release_unused()
    frames_mb = _peak_mb()
    model = default_model()
    start, cpu = time.perf_counter(), time.process_time()
    linkage = link(listed, asked, model)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    peak_mb = _peak_mb()
    linkage.households.to_parquet(Path(folder) / "households.parquet")
    _say(seconds=seconds, cpu_seconds=cpu_seconds, peak_mb=peak_mb, frames_mb=frames_mb, asked=len(asked.households))


def recipe_files(folder: str) -> None:
    """The yardstick on the files of a folder."""
    from benchmarks._plain_recipe import plain_recipe

    listed, asked = _sides(Path(folder))
    start = time.perf_counter()
    found = plain_recipe(listed, asked)
    seconds = time.perf_counter() - start
    found.to_parquet(Path(folder) / "recipe.parquet")
    _say(seconds=seconds)


def _peak_mb() -> float:
    # Of this program alone: `ru_maxrss` begins with what the process had that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _say(**figures: float) -> None:
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))
