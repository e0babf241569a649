"""Dated standards as data: loading, checking, and finding the standard of a review year."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from poverty.expression import Compare, Condition, Lookup, Number, StandardError, parse_condition, parse_number
from poverty.provincial import stricter
from poverty.questions import Text
from poverty.standard_file import RulePart, ScorePart, StandardFile, Status, read

SHIPPED = Path(__file__).parent / "standards"

#: Where this process finds standards that are not shipped, see `use_folder`.
_folders: list[Path] = []


@dataclass(frozen=True)
class Rule:
    """One deprivation (chỉ số thiếu hụt): the household is deprived when the condition is true."""

    id: str
    dimension: str
    name: Text
    wording: Text
    source: str
    status: Status
    when: Condition


@dataclass(frozen=True)
class Dimension:
    id: str
    name: Text


@dataclass(frozen=True)
class Income:
    """Income in đồng per person and month, and the line of each area class (at the line is below it)."""

    lines: Lookup
    lines_status: Status
    lines_source: str
    definition: Text
    value: Number
    status: Status
    source: str

    @property
    def below_line(self) -> Compare:
        return Compare(self.value, "<=", self.lines)


@dataclass(frozen=True)
class Score:
    """Cut-offs of the two-score method: B1 by area class, B2 points per deprivation. The B1 table is not at hand."""

    b1_cut: dict[str, float]
    b2_points: int
    b2_cut: int
    status: Status
    source: str


@dataclass(frozen=True)
class Standard:
    """A poverty standard (chuẩn nghèo đa chiều) with its validity in review years, first and last included.

    `based_on` is the id of the national standard that a province's stricter one builds on. `score` is None where the
    cut-offs are not known.
    """

    id: str
    title: Text
    source: str
    first_year: int
    last_year: int
    year_only_ages: Literal["review_year_minus_birth_year"]
    income: Income
    cut: int
    cut_status: Status
    cut_source: str
    score: Score | None
    dimensions: tuple[Dimension, ...]
    rules: tuple[Rule, ...]
    based_on: str | None = None

    def rule(self, rule_id: str) -> Rule:
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)

    @property
    def provisional(self) -> bool:
        """Whether a class computed from declared income rests on anything not official (tạm tính)."""
        statuses = [self.cut_status, self.income.status, self.income.lines_status]
        return any(status != "official" for status in [*statuses, *(rule.status for rule in self.rules)])


def use_folder(folder: Path) -> None:
    """From now on find this folder's `<id>.yaml` by their ids too: what a province wrote itself. It may be empty."""
    _folders[:] = [folder]


def own_standards() -> list[Standard]:
    """The standards of the folder in use, by id. Raises StandardError at the first that cannot be used."""
    return [_load_own(path) for folder in _folders for path in sorted(folder.glob("*.yaml"))]


def load_standard(id_or_path: str | Path) -> Standard:
    """Load a standard by its id (`nd07-2021`), shipped or of the folder in use, or one from a `.yaml` file.

    Raises StandardError when there is no such standard, or the file breaks a rule of the language; the message
    then names the place, as in `nd07-2021.yaml: rules[3].when.any.members.in`.
    """
    path = Path(id_or_path)
    if path.suffix in {".yaml", ".yml"}:
        return _load(path)
    for standard in shipped_standards():
        if standard.id == str(id_or_path):
            return standard
    own = [file for folder in _folders for file in sorted(folder.glob("*.yaml"))]
    for file in own:
        if file.stem == str(id_or_path):
            return _load_own(file)
    known = ", ".join([*(standard.id for standard in shipped_standards()), *(file.stem for file in own)])
    raise StandardError(f"no standard `{id_or_path}`; there are: {known} (or give a .yaml file)")


def shipped_standards() -> list[Standard]:
    """The standards that the project ships, by id. Raises StandardError when two are in force for the same year."""
    return list(_load_shipped(SHIPPED))


def standard_for(review_year: int) -> Standard:
    """The shipped standard in force for the review of that year. Raises StandardError when there is none."""
    standards = shipped_standards()
    for standard in standards:
        if standard.first_year <= review_year <= standard.last_year:
            return standard
    known = ", ".join(f"{s.id} ({s.first_year}-{s.last_year})" for s in standards)
    raise StandardError(f"no standard for the review of {review_year}; there are: {known}")


def check_validity(standards: list[Standard]) -> None:
    """Refuse two standards with one id, or in force for the same review year."""
    ordered = sorted(standards, key=lambda standard: standard.first_year)
    for earlier, later in pairwise(ordered):
        if earlier.id == later.id:
            raise StandardError(f"{later.id}.yaml: id: two standards have the id `{later.id}`")
        if later.first_year <= earlier.last_year:
            raise StandardError(
                f"{later.id}.yaml: review_years: {later.first_year} is already under {earlier.id} "
                f"({earlier.first_year}-{earlier.last_year})"
            )


@cache
def _load_shipped(folder: Path) -> tuple[Standard, ...]:
    standards = []
    for path in sorted(folder.glob("*.yaml")):
        file = read(path)
        if not isinstance(file, StandardFile):
            raise StandardError(f"{path.name}: based_on: a province's standard does not stand among the national ones")
        standard = _build(file, path.name)
        if standard.id != path.stem:
            raise StandardError(f"{path.name}: id: expected `{path.stem}`, as the file is named, found `{standard.id}`")
        standards.append(standard)
    check_validity(standards)
    return tuple(standards)


def _load_own(path: Path) -> Standard:
    standard = _load_unchanged(path, path.stat().st_mtime_ns)
    if standard.id != path.stem:
        raise StandardError(f"{path.name}: id: expected `{path.stem}`, as the file is named, found `{standard.id}`")
    if standard.id in {shipped.id for shipped in shipped_standards()}:
        raise StandardError(f"{path.name}: id: `{standard.id}` is the id of a shipped standard; give it its own")
    return standard


@lru_cache(maxsize=64)
def _load_unchanged(path: Path, _changed: int) -> Standard:
    return _load(path)


def _load(path: Path) -> Standard:
    """A standard outside those shipped: a province's, or a whole one."""
    file = read(path)
    if isinstance(file, StandardFile):
        return _build(file, path.name)
    national = {standard.id: standard for standard in shipped_standards()}
    if file.based_on not in national:
        known = ", ".join(national)
        raise StandardError(f"{path.name}: based_on: no standard `{file.based_on}`; there are: {known}")
    return stricter(national[file.based_on], file, path.name)


def _build(file: StandardFile, name: str) -> Standard:
    if file.review_years.last < file.review_years.first:
        raise StandardError(f"{name}: review_years.last: lies before review_years.first")
    _unique([dimension.id for dimension in file.dimensions], f"{name}: dimensions", "id")
    _unique([rule.id for rule in file.rules], f"{name}: rules", "id")
    _unique([rule.name.vi for rule in file.rules], f"{name}: rules", "name.vi")
    _unique([rule.name.en for rule in file.rules], f"{name}: rules", "name.en")
    if file.deprivations.cut > len(file.rules):
        raise StandardError(f"{name}: deprivations.cut: {file.deprivations.cut} of {len(file.rules)} rules")
    lines = parse_number({"lookup": {"area_class": file.income.lines}}, f"{name}: income.lines")
    assert isinstance(lines, Lookup)
    income = file.income.monthly_per_person
    return Standard(
        id=file.id,
        title=file.title.text(),
        source=file.source,
        first_year=file.review_years.first,
        last_year=file.review_years.last,
        year_only_ages=file.ages.year_only,
        income=Income(
            lines=lines,
            lines_status=file.income.lines_status,
            lines_source=file.income.lines_source,
            definition=income.definition.text(),
            value=parse_number(income.value, f"{name}: income.monthly_per_person.value"),
            status=income.status,
            source=income.source,
        ),
        cut=file.deprivations.cut,
        cut_status=file.deprivations.status,
        cut_source=file.deprivations.source,
        score=None if file.score is None else _score(file.score, name),
        dimensions=tuple(Dimension(dimension.id, dimension.name.text()) for dimension in file.dimensions),
        rules=tuple(
            _rule(rule, [dimension.id for dimension in file.dimensions], f"{name}: rules[{i}]")
            for i, rule in enumerate(file.rules)
        ),
    )


def _score(score: ScorePart, name: str) -> Score:
    parse_number({"lookup": {"area_class": score.b1_cut}}, f"{name}: score.b1_cut")
    return Score(
        b1_cut={code: float(points) for code, points in score.b1_cut.items()},
        b2_points=score.b2_points,
        b2_cut=score.b2_cut,
        status=score.status,
        source=score.source,
    )


def _rule(rule: RulePart, dimensions: list[str], path: str) -> Rule:
    if rule.dimension not in dimensions:
        raise StandardError(f"{path}.dimension: `{rule.dimension}` is not one of {', '.join(dimensions)}")
    return Rule(
        id=rule.id,
        dimension=rule.dimension,
        name=rule.name.text(),
        wording=rule.wording.text(),
        source=rule.source,
        status=rule.status,
        when=parse_condition(rule.when, f"{path}.when"),
    )


def _unique(values: list[str], path: str, what: str) -> None:
    for i, value in enumerate(values):
        if value in values[:i]:
            raise StandardError(f"{path}[{i}].{what}: `{value}` is already taken by [{values.index(value)}]")
