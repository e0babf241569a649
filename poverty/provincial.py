"""A province's own standard: stricter than the national one it is based on, never laxer.

A province may set a higher local standard (Decree 351/2025/NĐ-CP). So its file says only what it changes, and what it
can say takes nothing from a household: a line may rise, the cut may fall, a rule may hold in more cases.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poverty.expression import AnyOf, Lookup, StandardError, parse_condition, parse_number
from poverty.standard_file import AddedRule, ProvincialFile, RaisedLines

if TYPE_CHECKING:  # standard loads the files, and so imports this module
    from poverty.standard import Income, Rule, Standard


def stricter(national: Standard, file: ProvincialFile, name: str) -> Standard:
    """The national standard with the province's changes; `name` (the file's) opens every error message.

    The cut-offs of the two-score method stand for the national income line: where the line rises they are not known.
    Raises StandardError, with the place, for a change that would be laxer, or of a rule that is not there.
    """
    years = file.review_years
    if years is not None and not national.first_year <= years.first <= years.last <= national.last_year:
        raise StandardError(
            f"{name}: review_years: {years.first}-{years.last} does not lie within those of {national.id} "
            f"({national.first_year}-{national.last_year})"
        )
    made = replace(
        national,
        id=file.id,
        based_on=national.id,
        title=file.title.text(),
        source=file.source,
        first_year=national.first_year if years is None else years.first,
        last_year=national.last_year if years is None else years.last,
        rules=_rules(national, file.rules, name),
    )
    if file.income is not None:
        made = replace(made, income=_income(national.income, file.income, f"{name}: income.lines"), score=None)
    if file.deprivations is not None:
        if file.deprivations.cut > national.cut:
            raise StandardError(
                f"{name}: deprivations.cut: {file.deprivations.cut} is above the {national.cut} of {national.id}: "
                "a province may only lower it"
            )
        cut = file.deprivations
        made = replace(made, cut=cut.cut, cut_status=cut.status, cut_source=cut.source)
    return made


def _income(national: Income, raised: RaisedLines, path: str) -> Income:
    lines = parse_number({"lookup": {"area_class": raised.lines}}, path)
    assert isinstance(lines, Lookup)
    for (area, amount), (_, least) in zip(lines.values, national.lines.values, strict=True):
        if amount < least:
            raise StandardError(
                f"{path}.{area}: {amount:.0f} is under the national line of {least:.0f}: a province may only raise it"
            )
    return replace(national, lines=lines, lines_status=raised.lines_status, lines_source=raised.lines_source)


def _rules(national: Standard, added: list[AddedRule], name: str) -> tuple[Rule, ...]:
    rules = {rule.id: rule for rule in national.rules}
    seen: set[str] = set()
    for i, more in enumerate(added):
        path = f"{name}: rules[{i}]"
        if more.id not in rules:
            raise StandardError(f"{path}.id: {national.id} has no rule `{more.id}`; there are: {', '.join(rules)}")
        if more.id in seen:
            raise StandardError(f"{path}.id: `{more.id}` stands twice")
        seen.add(more.id)
        rule = rules[more.id]
        rules[more.id] = replace(
            rule,
            wording=more.wording.text(),
            source=more.source,
            status=more.status,
            when=AnyOf((rule.when, parse_condition(more.also_when, f"{path}.also_when"))),
        )
    return tuple(rules.values())
