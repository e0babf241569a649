"""Training: what agreement is worth, from the data at hand and without anybody telling which pairs are the same.

Splink learns of people by expectation maximisation: shares among strangers from pairs at random, shares among the same
from pairs that agree in something else. Households that are then the same by their members alone, or because a person
said so, say how often village, telephone, position and code agree, and how often a member is missing.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from reconciliation.linkage.comparisons import HOUSEHOLDS, PEOPLE, Comparison, Shares, splink_settings
from reconciliation.linkage.decisions import decided_pairs
from reconciliation.linkage.model import Absence, Cuts, Model, ModelError
from reconciliation.linkage.pairs import compare
from reconciliation.linkage.resolution import weigh
from reconciliation.linkage.scoring import engine, score
from reconciliation.linkage.side import Side
from reconciliation.linkage.tables import NameParts, Tables, core_of, tabulate

#: Households of each side that are enough to learn from; whole communes are drawn.
_ENOUGH = 40_000
_RANDOM_PAIRS = 5e6
_EM_PAIRS = 1e6
#: People of both sides born on the same day in a commune, from which on there is something to learn.
_LEAST_SHARED = 200
#: A share is never taken for nothing, nor for everything.
_LEAST = 1e-7
#: Bits from which a household is the same by its members alone, far above any doubt.
_SURE = 25.0
#: A name is listed in the model where at least so many people have it: nobody is known by it.
_FREQUENT = 20
CUTS = Cuts(link=5.0, doubt=0.0)


def train(registry: Side, interviews: Side, *, seed: int, decisions: pd.DataFrame | None = None) -> Model:
    """Learn a model; the same data, decisions and seed give the same. ModelError where they are too few to learn from.

    decisions: as of `link`. Pairs that a person found the same are learnt from, however little speaks for them: those
    that are sure by themselves are the easy ones. Pairs that a person found otherwise are not taken for the same.
    Take the default model, or last campaign's, for fewer than some thousand households.
    """
    sides = _sampled(registry, interviews, seed)
    names, rarest = _frequent_names(sides)
    tables = tabulate(*sides, lambda folded: names.get(folded, rarest))
    if not tables.listed_people or tables.listed_people == len(tables.household):
        raise ModelError("too little to learn from: one of the sides has no members")
    with engine() as connection:
        # The same rows in the same order on one thread: the same model, to the last digit.
        connection.execute("SET threads = 1; SET preserve_insertion_order = true")
        model = Model(
            shares=_people_shares(connection, tables, seed) | {one.name: _even(one) for one in HOUSEHOLDS},
            absence=Absence(-4.0, -4.0),
            cuts=CUTS,
            names=names,
            rarest=rarest,
            fingerprint=fingerprint(registry, interviews),
            rows={
                "registry_households": len(registry.households),
                "registry_members": len(registry.members),
                "interview_households": len(interviews.households),
                "interview_members": len(interviews.members),
            },
        )
        return _with_households(connection, model, tables, seed, decided_pairs(decisions, tables))


def fingerprint(registry: Side, interviews: Side) -> str:
    """SHA-256 over the rows of both sides, in whatever order they stand."""
    digest = hashlib.sha256()
    for frame in (registry.households, registry.members, interviews.households, interviews.members):
        rows = pd.util.hash_pandas_object(frame.astype("str"), index=True).to_numpy()
        digest.update(np.sort(rows).tobytes())
    return digest.hexdigest()


def _sampled(registry: Side, interviews: Side, seed: int) -> tuple[Side, Side]:
    """Households of whole communes, at random, until there are enough."""
    size = max(len(registry.households), len(interviews.households))
    if size <= _ENOUGH:
        return registry, interviews
    communes = pd.concat([registry.households["commune_code"], interviews.households["commune_code"]]).dropna()
    count = communes.value_counts().sort_index()
    order = np.random.default_rng(seed).permutation(len(count))
    taken = count.iloc[order].cumsum() <= 2 * _ENOUGH
    chosen = [*count.index[order[:1]], *taken.index[taken]]

    def of(side: Side) -> Side:
        households = side.households[side.households["commune_code"].isin(chosen)]
        members = side.members[side.members.index.get_level_values(0).isin(households.index)]
        return replace(side, households=households, members=members)

    return of(registry), of(interviews)


def _frequent_names(sides: tuple[Side, Side]) -> tuple[dict[str, float], float]:
    names = pd.concat([side.members["full_name"] for side in sides]).dropna().value_counts()
    folds = pd.Series([NameParts.of(str(name)).fold for name in names.index], dtype="object")
    counted = pd.Series(names.to_numpy()).groupby(folds.to_numpy()).sum()
    cores = counted.groupby([core_of(name) for name in counted.index]).sum()
    both = pd.concat([counted, cores])
    total = max(int(counted.sum()), 1)
    frequent = both[both >= _FREQUENT].sort_index()
    # The others are as rare as they are on average, counted one name a person at the least.
    rare = counted[counted < _FREQUENT]
    rarest = float(rare.mean() / total) if len(rare) else 1 / total
    return {str(name): float(f"{count / total:.3g}") for name, count in frequent.items()}, float(f"{rarest:.3g}")


def _people_shares(connection: Any, tables: Tables, seed: int) -> Shares:
    from splink import DuckDBAPI, Linker, block_on

    listed = tables.listed_people
    for side, first, end in (("listed", 0, listed), ("asked", listed, len(tables.household))):
        connection.register("arrived", _one_table(tables, np.arange(first, end, dtype=np.int32)))
        connection.execute(f"CREATE TABLE {side} AS SELECT * FROM arrived")
        connection.unregister("arrived")
    api = DuckDBAPI(connection)
    sources = [api.register(name, dataset_display_name=name) for name in ("listed", "asked")]
    linker = Linker(sources, splink_settings(PEOPLE, "link_only"), log_level=None, validate_settings=False)
    (shared,) = connection.execute(
        "SELECT count(*) FROM listed l JOIN asked r USING (birth_year, birth_day, commune)"
    ).fetchall()[0]
    if shared < _LEAST_SHARED:
        raise ModelError("too little to learn from: hardly anybody of one side was born on a day of the other")
    training = linker.training
    training.estimate_u_using_random_sampling(max_pairs=_RANDOM_PAIRS, seed=seed, min_count_per_level=None)
    for rule in (block_on("birth_year", "birth_day", "commune"), block_on("fold_id", "village")):
        training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=_EM_PAIRS
        )
    learnt = linker.misc.save_model_to_json()
    by_chance = 1 / max(listed, len(tables.household) - listed)
    shares: Shares = {}
    for comparison, settings in zip(PEOPLE, learnt["comparisons"], strict=True):
        found = [level for level in settings["comparison_levels"] if not level.get("is_null_level")]
        of_level = {one.number: level for one, level in zip(comparison.levels[1:], found, strict=True)}
        same = {number: level.get("m_probability") or 0.0 for number, level in of_level.items()}
        random = {number: level.get("u_probability") or 0.0 for number, level in of_level.items()}
        # Among pairs at random some are the same person, which rare agreement cannot pass over.
        strangers = {number: (share - by_chance * same[number]) / (1 - by_chance) for number, share in random.items()}
        shares[comparison.name] = _level_shares(comparison, same, strangers)
    return shares


def _one_table(tables: Tables, people: npt.NDArray[np.int32]) -> pa.Table:
    """Some people with their names and places, a column each, as Splink reads them."""
    rows, homes = tables.people.take(pa.array(people)), pa.array(tables.household[people])
    columns = {name: rows[name] for name in rows.column_names if name != "name"}
    columns |= {name: tables.names[name].take(rows["name"]) for name in tables.names.column_names}
    columns |= {name: tables.households[name].take(homes) for name in ("village", "commune")}
    return pa.table({"unique_id": pa.array(people), **columns})


def _level_shares(
    comparison: Comparison, same: dict[int, float], strangers: dict[int, float]
) -> dict[int, tuple[float, float]]:
    """Shares of the levels as they go into the model: rounded, none of them nothing."""
    numbers = [level.number for level in comparison.levels if level.number >= 0]

    def of(shares: dict[int, float], number: int) -> float:
        return float(f"{max(shares.get(number, 0.0), _LEAST):.4g}")

    return {number: (of(same, number), of(strangers, number)) for number in numbers}


def _even(comparison: Comparison) -> dict[int, tuple[float, float]]:
    """Shares that weigh nothing."""
    return {level.number: (0.5, 0.5) for level in comparison.levels if level.number >= 0}


def _with_households(connection: Any, model: Model, tables: Tables, seed: int, decided: pd.DataFrame) -> Model:
    """The shares of the comparisons of households, and of absent members, from households that are surely the same."""
    forced = decided[["listed", "asked"]].to_numpy(dtype=np.int32)
    found = weigh(compare(connection, tables, model, forced), tables, model)
    best = [found.groupby(side)["people_weight"].transform("max") for side in ("listed", "asked")]
    alone = found["people_weight"].eq(best[0]) & found["people_weight"].eq(best[1])
    verdict = found[["listed", "asked"]].merge(decided, on=["listed", "asked"], how="left")["verdict"].to_numpy()
    by_themselves = alone & (found["people_weight"] >= _SURE) & pd.isna(verdict)
    sure = found[by_themselves | (verdict == "same")]
    if len(sure) < 20:
        raise ModelError("too little to learn from: hardly any household is surely on both sides")
    rng = np.random.default_rng(seed)
    strangers = pd.DataFrame(
        {
            "listed": rng.integers(0, tables.listed_households, size=2_000_000),
            "asked": rng.integers(tables.listed_households, tables.total_households, size=2_000_000),
        }
    )
    shares = dict(model.shares)
    same, others = (_counted(connection, tables, model, pairs) for pairs in (sure[["listed", "asked"]], strangers))
    for comparison in HOUSEHOLDS:
        shares[comparison.name] = _level_shares(comparison, same[comparison.name], others[comparison.name])
    absent = {
        side: float((sure[f"{side}_members"] - sure["agree"]).sum() / sure[f"{side}_members"].sum())
        for side in ("listed", "asked")
    }
    # Of strangers nearly everybody is absent.
    bits = {side: round(math.log2(max(share, 0.01) / 0.97), 2) for side, share in absent.items()}
    return replace(model, shares=shares, absence=Absence(bits["listed"], bits["asked"]))


def _counted(connection: Any, tables: Tables, model: Model, pairs: pd.DataFrame) -> dict[str, dict[int, float]]:
    """The share of each level of each comparison of households among the pairs where both sides are known."""
    numbered = pairs["listed"].to_numpy(np.int32), pairs["asked"].to_numpy(np.int32)
    reached = score(connection, tables, HOUSEHOLDS, model, numbered).levels
    shares: dict[str, dict[int, float]] = {}
    for comparison in HOUSEHOLDS:
        known = pd.Series(reached[comparison.name][reached[comparison.name] >= 0])
        # Half a pair more of each, so that what was not seen is rare and not impossible.
        numbers = [level.number for level in comparison.levels if level.number >= 0]
        count = known.value_counts().reindex(numbers, fill_value=0) + 0.5
        shares[comparison.name] = {int(str(number)): float(value) for number, value in (count / count.sum()).items()}
    return shares
