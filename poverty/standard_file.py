"""The shape of a standard's file: what must stand in it and what may; everything else is refused with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from poverty.expression import StandardError
from poverty.questions import Text
from poverty.yaml_file import read_yaml

#: `official`: read in the published text; `unofficial`: in another text; `illustrative`: in no text at hand.
Status = Literal["official", "unofficial", "illustrative"]


class Part(BaseModel):
    """A mapping of the file: its keys are the fields, no others, and values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


Words = Annotated[str, Field(pattern=r"\S")]  # words, not blanks
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
StandardId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class BothLanguages(Part):
    vi: Words
    en: Words

    def text(self) -> Text:
        return Text(self.vi, self.en)


class Years(Part):
    first: int
    last: int


class Ages(Part):
    year_only: Literal["review_year_minus_birth_year"]


class MonthlyIncome(Part):
    definition: BothLanguages
    value: Any
    status: Status
    source: Words


class IncomePart(Part):
    lines: dict[str, int]
    lines_status: Status
    lines_source: Words
    monthly_per_person: MonthlyIncome


class Cut(Part):
    cut: Annotated[int, Field(ge=1)]
    status: Status
    source: Words


class ScorePart(Part):
    b1_cut: dict[str, int]
    b2_points: int
    b2_cut: int
    status: Status
    source: Words


class DimensionPart(Part):
    id: Id
    name: BothLanguages


class RulePart(Part):
    id: Id
    dimension: str
    name: BothLanguages
    wording: BothLanguages
    source: Words
    status: Status
    when: Any


class StandardFile(Part):
    """A standard that stands on its own."""

    id: StandardId
    title: BothLanguages
    source: Words
    review_years: Years
    ages: Ages
    income: IncomePart
    deprivations: Cut
    score: ScorePart | None = None  # the cut-offs of the two-score method, where they are known
    dimensions: Annotated[list[DimensionPart], Field(min_length=1)]
    rules: Annotated[list[RulePart], Field(min_length=1)]


class RaisedLines(Part):
    lines: dict[str, int]
    lines_status: Status
    lines_source: Words


class AddedRule(Part):
    """What a province adds to a rule: the household is deprived also when `also_when` is true."""

    id: Id
    wording: BothLanguages
    source: Words
    status: Status
    also_when: Any


class ProvincialFile(Part):
    """A province's stricter standard: what it changes in the standard `based_on`."""

    id: StandardId
    based_on: StandardId
    title: BothLanguages
    source: Words
    review_years: Years | None = None  # those of the standard it is based on, unless fewer are meant
    income: RaisedLines | None = None
    deprivations: Cut | None = None
    rules: list[AddedRule] = []


_Shape = TypeVar("_Shape", bound=Part)


def read(path: Path) -> StandardFile | ProvincialFile:
    """Read one file. Raises StandardError, which names the file and the place in it, when it is no standard."""
    try:
        content = read_yaml(path)
    except OSError as error:
        raise StandardError(f"{path.name}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StandardError(f"{path.name}: is not readable as YAML: {error}") from error
    if isinstance(content, dict) and "based_on" in content:
        return _shaped(ProvincialFile, content, path.name)
    return _shaped(StandardFile, content, path.name)


def _shaped(shape: type[_Shape], content: object, name: str) -> _Shape:
    try:
        return shape.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
        raise StandardError(f"{name}: {place or 'the file'}: {first['msg']}") from error
