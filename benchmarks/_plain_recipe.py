"""The yardstick of the linkage: Splink as its tutorials use it, on people, households by their best pair of people."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reconciliation.linkage import Side
from reconciliation.names import fold_series, nfc


def plain_recipe(listed: Side, asked: Side) -> pd.DataFrame:
    """interview_id, household_code, weight: pairs of households that are each other's best by their people."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    frames = [_people(side) for side in (listed, asked)]
    api = DuckDBAPI()
    tables = [api.register(frame, dataset_display_name=name) for name, frame in zip(("l", "r"), frames, strict=True)]
    birth = cl.CustomComparison(
        output_column_name="birth",
        comparison_levels=[
            cll.NullLevel("year"),
            cll.ExactMatchLevel("date"),
            cll.ExactMatchLevel("year"),
            cll.AbsoluteDifferenceLevel("year", 1),
            cll.ElseLevel(),
        ],
    )
    blocking: list[Any] = [
        block_on("cccd"),
        block_on("fold", "date"),
        block_on("fold", "village"),
        block_on("phone", "given"),
        block_on("date", "commune"),
        block_on("given", "year", "village"),
        block_on("fold", "year", "commune"),
    ]
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=blocking,
        comparisons=[
            cl.JaroWinklerAtThresholds("fold", [0.95, 0.88]).configure(term_frequency_adjustments=True),
            birth,
            cl.LevenshteinAtThresholds("cccd", 1),
            cl.ExactMatch("sex"),
            cl.ExactMatch("village").configure(term_frequency_adjustments=True),
            cl.ExactMatch("phone"),
        ],
        additional_columns_to_retain=["household"],
    )
    linker = Linker(tables, settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match([block_on("cccd"), block_on("fold", "date")], 0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (block_on("fold", "village"), block_on("date", "commune")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, max_pairs=1e6)
    scored = linker.inference.predict(threshold_match_weight=-5, warning_mode="never")
    pairs: pd.DataFrame = api.duckdb_con.execute(
        "SELECT household_l, household_r, sum(greatest(match_weight, 0)) AS total"
        f" FROM {scored.physical_name} WHERE source_dataset_l = 'l' GROUP BY ALL"
    ).df()
    return _mutual_best(pairs)


def _people(side: Side) -> pd.DataFrame:
    members = side.members.reset_index(names=["household", "member_no"])
    homes = side.households.reindex(members["household"]).reset_index(drop=True)
    names = members["full_name"].map(nfc, na_action="ignore")
    fold = fold_series(names)
    columns: dict[str, Any] = {
        "unique_id": range(len(members)),
        "household": members["household"],
        "fold": fold,
        "given": fold.str.rsplit(n=1).str[-1],
        "date": members["birth_date"].dt.strftime("%Y-%m-%d"),
        "year": members["birth_date"].dt.year.astype("Int64").fillna(members["birth_year"]),
        "cccd": members["cccd"],
        "sex": members["sex"].astype("str"),
        "village": homes["village_id"],
        "commune": homes["commune_code"],
        "phone": homes["phone"],
    }
    return pd.DataFrame(columns)


def _mutual_best(pairs: pd.DataFrame) -> pd.DataFrame:
    """Again and again the pairs that are best on both sides, by the sum of their people's weights."""
    waiting = pairs.sort_values(["total", "household_l", "household_r"], ascending=[False, True, True])
    chosen = []
    while len(waiting):
        best = waiting[~waiting.duplicated("household_l") & ~waiting.duplicated("household_r")]
        chosen.append(best)
        taken = waiting["household_l"].isin(best["household_l"]) | waiting["household_r"].isin(best["household_r"])
        waiting = waiting[~taken]
    found = pd.concat([pairs.iloc[:0], *chosen])
    return pd.DataFrame(
        {"interview_id": found["household_r"], "household_code": found["household_l"], "weight": found["total"]}
    )
