"""The table of docs/expression-language.md is what the server's back-end computes."""

from __future__ import annotations

from pathlib import Path

from poverty.expression import parse_condition
from poverty.vectorised import Evaluator
from tests.poverty.households import frames_of, household

DOCUMENT = Path(__file__).parents[2] / "docs" / "expression-language.md"
ANSWERS = {"T": "yes", "F": "no", "U": None}


def test_the_documented_table_holds() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| a | b |"))
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start + 2 : start + 11]]
    assert len({(row[0], row[1]) for row in rows}) == 9
    a, b = {"in": {"internet": ["yes"]}}, {"in": {"digital_services": ["yes"]}}
    columns = [{"all": [a, b]}, {"any": [a, b]}, {"not": a}, {"accept": {"value": a, "when": b}}]
    homes = [household(internet=ANSWERS[row[0]], digital_services=ANSWERS[row[1]]) for row in rows]
    evaluator = Evaluator(*frames_of(*homes))
    for column, source in enumerate(columns, start=2):
        value = evaluator.condition(parse_condition(source, "table"))
        found = ["T" if true else "F" if false else "U" for true, false in zip(value.true, value.false, strict=True)]
        assert found == [row[column] for row in rows], source
