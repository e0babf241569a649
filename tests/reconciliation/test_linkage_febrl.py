"""Other people, other names, other errors: the field's usual data set, as households of one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from reconciliation.linkage import Side, default_model, link, train

FEBRL = Path(__file__).parent.parent / "fixtures" / "febrl4"


def febrl(name: str) -> Side:
    """Given name last, the seven digits of the social security number as an old number of nine, suburbs as villages."""
    rows = pd.read_csv(FEBRL / f"dataset4{name}.csv.gz", dtype="str", skipinitialspace=True).set_index("rec_id")
    number = rows["soc_sec_id"].str.strip()
    members = pd.DataFrame(
        {
            "full_name": (rows["surname"].fillna("") + " " + rows["given_name"].fillna("")).str.strip(),
            "relation": "head",
            "cccd": ("00" + number).where(number.str.fullmatch(r"\d{7}").fillna(False)),
            "birth_date": pd.to_datetime(rows["date_of_birth"], format="%Y%m%d", errors="coerce"),
            "birth_year": pd.Series(pd.NA, index=rows.index, dtype="Int64"),
        }
    )
    members.index = pd.MultiIndex.from_product([rows.index, [1]], names=["rec_id", "member_no"])
    households = pd.DataFrame({"village_id": rows["suburb"] + rows["postcode"], "commune_code": rows["postcode"]})
    return Side(households, members)


def test_febrl4_is_linked_with_the_model_that_ships_and_with_one_of_its_own() -> None:
    """The addresses, which a Vietnamese list has not, are left aside."""
    one, other = febrl("a"), febrl("b")
    true = {(f"rec-{number}-dup-0", f"rec-{number}-org") for number in range(5_000)}
    for model in (default_model(), train(one, other, seed=1)):
        linkage = link(one, other, model)
        same = linkage.households[linkage.households["kind"].eq("same")]
        found = set(zip(same["interview_id"], same["household_code"], strict=True))
        assert len(found & true) / len(found) > 0.999
        assert len(found & true) / len(true) > 0.98
