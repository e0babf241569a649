"""Reading the lists of poor and near-poor households that communes really keep.

A list is guessed (`guess_mapping`), the guess is shown to a person and saved, and every list of that template is then
read with the confirmed mapping (`read_list`). What cannot stand comes back as a file to be corrected
(`write_rejected`).
"""

from typing import Literal

import pandas as pd

from reconciliation.lists.facts import TEMPORARY
from reconciliation.lists.guess import guess_mapping
from reconciliation.lists.mapping import ColumnRule, Mapping, SheetRule
from reconciliation.lists.plain import PLAIN, read_registry
from reconciliation.lists.reading import Reading, read, read_list
from reconciliation.lists.rejected import write_rejected
from reconciliation.lists.units import Place, Resolved, Resolver, from_table
from reconciliation.lists.workbook import Limits
from reconciliation.registry import Said

__all__ = [
    "PLAIN",
    "TEMPORARY",
    "ColumnRule",
    "Limits",
    "Mapping",
    "Place",
    "Reading",
    "Resolved",
    "Resolver",
    "Said",
    "SheetRule",
    "from_table",
    "guess_mapping",
    "read",
    "read_list",
    "read_registry",
    "sentences",
    "write_rejected",
]


def sentences(problems: pd.DataFrame, language: Literal["vi", "en"] = "vi") -> list[str]:
    """The problems of a registry as sentences: sheet, row, column, what is wrong and what to do."""
    sheet, row, column = ("Trang", "dòng", "cột") if language == "vi" else ("Sheet", "row", "column")
    end = "" if language == "vi" else "_en"
    return [
        f"{sheet} «{name}», {row} {number}" + (f", {column} «{heading}»" if heading else "") + f": {problem}."
        for name, number, heading, problem in problems[["sheet", "row", f"column{end}", f"problem{end}"]].itertuples(
            index=False
        )
    ]
