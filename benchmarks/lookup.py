"""One record at a time: the likely listed household of an interview, by keys and a score, without an engine.

A list of `size` households of the hard cases is put into an SQLite table of keyed hashes (8 bytes, WITHOUT ROWID),
then interviews of the year after are looked up one by one: keys, hits, the most promising candidates read from SQLite,
scored. Milliseconds are of the whole. `found` is the share of the interviews whose household is on the list that have
it among the candidates, `first` those that have it in the first place. The yardstick is the same question put to the
linkage of all with the same model (`link` of one interview with its candidates only, so that it need not search).
"""

from __future__ import annotations

import hashlib
import resource
import sqlite3
import tempfile
import time
from array import array
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import numpy as np
import orjson
import pandas as pd

from reconciliation.linkage import Model, Side, default_model, link, lookup
from sandbox.years import begin, changes, evolve, observe, true_links

DEFAULT_SIZE = 100_000
PAGE_SIZE = 20_000
SEED = 20_262
_LOOKED_UP = 1_000
_BY_LINK = 5
_PIECE = 20_000
_SECRET = b"a key for this run only"


def run(size: int = DEFAULT_SIZE) -> dict[str, Any]:
    """Look up `_LOOKED_UP` interviews among `size` listed households."""
    before = begin(size, seed=SEED)
    after = evolve(before, SEED + 2)
    listed, asked = observe(before, "list", SEED + 1), observe(after, "census", SEED + 3)
    links = true_links(listed, asked, changes(before, after))
    same = links[links["kind"].eq("same")].set_index("interview_id")["household_code"]
    model = default_model()
    with tempfile.TemporaryDirectory(prefix="rasoat-lookup-") as folder:
        path = Path(folder) / "keys.sqlite"
        begun = time.perf_counter()
        rows = _index(path, listed.side)
        index_seconds = time.perf_counter() - begun
        index_mb = path.stat().st_size / 2**20
        chosen = np.random.default_rng(SEED).choice(len(same), size=min(_LOOKED_UP, len(same)), replace=False)
        asked_rows = _Pieces(asked.side)
        taken, cpu, found, first, near = [], [], 0, 0, []
        with sqlite3.connect(path) as database:
            database.row_factory = sqlite3.Row
            for interview, true in same.iloc[chosen].items():
                number = int(asked.side.households.index.get_indexer(pd.Index([interview]))[0])
                _, _, home, members = next(asked_rows.rows(number, number + 1))
                start, cpu_start = time.perf_counter(), time.process_time()
                candidates = _candidates(database, home, members)
                scored = lookup.score_rows(home, members, candidates, model, listed_households=size)
                taken.append(time.perf_counter() - start)
                cpu.append(time.process_time() - cpu_start)
                near.append([code for code, _, _ in candidates])
                found += true in near[-1]
                first += bool(scored) and scored[0][0] == true
    by_link = _seconds_by_link(listed.side, asked.side, list(same.index[chosen]), near, model)
    milliseconds = np.array(taken) * 1000
    p50, p99 = np.percentile(milliseconds, [50, 99])
    return {
        "name": "lookup",
        "size": size,
        "seconds": round(float(np.sum(taken)) / len(taken), 5),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "figures": {
            "p50_ms": round(float(p50), 2),
            "p99_ms": round(float(p99), 2),
            "cpu_p99_ms": round(float(np.percentile(cpu, 99)) * 1000, 2),
            "found": round(found / len(taken), 4),
            "first": round(first / len(taken), 4),
            "candidates_median": int(np.median([len(codes) for codes in near])),
            "keys": rows,
            "index_mb": round(index_mb, 1),
            "index_seconds": round(index_seconds, 1),
        },
        "yardstick": {"name": "the same candidates by `link`", "seconds": round(by_link, 3)},
        "ratio": round(by_link / (float(np.sum(taken)) / len(taken)), 1),
    }


def _hash(kind: str, text: str) -> int:
    digest = hashlib.blake2b(f"{kind}|{text}".encode(), digest_size=8, key=_SECRET).digest()
    return int.from_bytes(digest, "big", signed=True)


class _Pieces:
    """A side as plain rows, some households at a time: a province in rows of plain Python would fill the machine."""

    def __init__(self, side: Side) -> None:
        self._side = side
        numbers = side.households.index.get_indexer(side.members.index.get_level_values(0))
        self._order = np.argsort(numbers, kind="stable")
        self._starts = np.searchsorted(numbers[self._order], np.arange(len(side.households) + 1))

    def __iter__(self) -> Iterator[tuple[int, str, dict[str, Any], list[dict[str, Any]]]]:
        """(number, key, household, members) of each household."""
        for first in range(0, len(self._starts) - 1, _PIECE):
            yield from self.rows(first, min(first + _PIECE, len(self._starts) - 1))

    def rows(self, first: int, end: int) -> Iterator[tuple[int, str, dict[str, Any], list[dict[str, Any]]]]:
        """The households from number `first` to before `end`."""
        starts = self._starts[first : end + 1]
        homes = _plain(self._side.households.iloc[first:end])
        members = _plain(self._side.members.iloc[self._order[starts[0] : starts[-1]]].reset_index(level=1))
        starts = starts - starts[0]
        for place, (key, home) in enumerate(zip(self._side.households.index[first:end], homes, strict=True)):
            yield first + place, key, home, members[starts[place] : starts[place + 1]]


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as they would come from a database: None for what is not known."""
    return cast(list[dict[str, Any]], frame.astype(object).where(frame.notna(), None).to_dict("records"))


def _index(path: Path, side: Side) -> int:
    """Keys and rows of the list in SQLite; the number of keys."""
    hashes, numbers = array("q"), array("q")
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE keys (hash INTEGER, household INTEGER, PRIMARY KEY (hash, household)) WITHOUT ROWID"
        )
        database.execute("CREATE TABLE households (number INTEGER PRIMARY KEY, code TEXT, home TEXT, members TEXT)")
        for number, code, home, members in _Pieces(side):
            for kind, text in lookup.keys(members, home):
                hashes.append(_hash(kind, text))
                numbers.append(number)
            database.execute(
                "INSERT INTO households VALUES (?, ?, ?, ?)", (number, code, orjson.dumps(home), _packed(members))
            )
        in_order = np.lexsort((np.asarray(numbers), np.asarray(hashes)))
        for start in range(0, len(in_order), _PIECE):
            piece = in_order[start : start + _PIECE]
            database.executemany(
                "INSERT OR IGNORE INTO keys VALUES (?, ?)",
                zip(np.asarray(hashes)[piece].tolist(), np.asarray(numbers)[piece].tolist(), strict=True),
            )
        count: int = database.execute("SELECT count(*) FROM keys").fetchone()[0]
    return count


def _packed(members: list[dict[str, Any]]) -> bytes:
    return orjson.dumps(members, default=lambda value: str(value.isoformat()))


def _candidates(database: sqlite3.Connection, home: Any, members: list[Any]) -> list[tuple[str, Any, list[Any]]]:
    """The most promising listed households, read from SQLite."""
    hits = []
    for kind, text in lookup.keys(members, home):
        found = database.execute(
            "SELECT household FROM keys WHERE hash = ? LIMIT ?", (_hash(kind, text), lookup.MOST_SHARING + 1)
        ).fetchall()
        if len(found) <= lookup.MOST_SHARING:
            hits += [(kind, row[0]) for row in found]
    candidates = []
    for number in lookup.promising(hits):
        row = database.execute("SELECT code, home, members FROM households WHERE number = ?", (number,)).fetchone()
        people = orjson.loads(row["members"])
        for person in people:
            person["birth_date"] = date.fromisoformat(person["birth_date"][:10]) if person["birth_date"] else None
        candidates.append((row["code"], orjson.loads(row["home"]), people))
    return candidates


def _seconds_by_link(listed: Side, asked: Side, interviews: list[Any], near: list[list[str]], model: Model) -> float:
    taken = []
    for interview, codes in list(zip(interviews, near, strict=True))[:_BY_LINK]:
        few = Side(listed.households.loc[codes], listed.members.loc[codes])
        one = Side(asked.households.loc[[interview]], asked.members.loc[[interview]])
        start = time.perf_counter()
        link(few, one, model)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))
