"""Form sources: read as text with line numbers; what is wrong is said with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from forms.errors import FormError
from forms.source import SOURCES, FormSource, lists_of, read_source

SMALL = """# a note
| survey |
|        | type | name | label |
|        | text | a    | What\\|ever |

|        | select_one yn | b | Yes? |
| choices |
|         | list_name | name | label |
|         | yn | yes | Yes |
|         | yn | no  | No |
| settings |
|          | form_id | version |
|          | small | 1 |
"""


def read(tmp_path: Path, text: str | bytes) -> FormSource:
    path = tmp_path / "small.md"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_source(path)


def test_rows_know_their_lines_and_bars_can_be_escaped(tmp_path: Path) -> None:
    path = tmp_path / "small.md"
    path.write_text(SMALL)
    source = read_source(path)
    assert [(row.line, row.get("name")) for row in source.survey.rows] == [(4, "a"), (6, "b")]
    assert source.survey.rows[0].get("label") == "What|ever"
    assert source.choices("yn") == ("yes", "no")
    assert source.choices("unknown") == ()


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("| choices |", "| choises |", "small.md:7:", "choises"),
        ("|        | text | a    | What\\|ever |", "text, a", "small.md:4:", "begin and end with a bar"),
        ("What\\|ever |", "What|ever |", "small.md:4:", "count the bars"),
        ("| select_one yn | b |", "| select_one yn | a |", "small.md:6:", "already on line 4"),
        ("| type | name | label |", "| type | label |", "small.md:3:", "lacks the column name"),
        ("| type | name | label |", "| type | name | name |", "small.md:3:", "a column twice"),
        ("| select_one yn | b |", "|  | b |", "small.md:6:", "without a type"),
        ("| settings |", "| choices |", "small.md:11:", "each once"),
        ("| survey |", "|  |", "small.md:2:", "before the first sheet"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, old: str, new: str, place: str, words: str) -> None:
    assert SMALL.count(old) == 1
    with pytest.raises(FormError) as error:
        read(tmp_path, SMALL.replace(old, new))
    assert str(error.value).startswith(place)
    assert words in str(error.value)


def test_a_form_needs_survey_and_settings(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="survey and settings"):
        read(tmp_path, SMALL[: SMALL.index("| settings |")])


def test_other_encodings_are_named(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="save the file as UTF-8"):
        read(tmp_path, "| survey |\nXã".encode("utf-16"))


def test_an_unknown_form_names_those_there_are() -> None:
    with pytest.raises(FormError, match="household"):
        read_source(SOURCES / "nothing.md")


LISTS = """| survey |
|        | type | name | label | calculation |
|        | select_one_from_file villages.csv | v | Village | |
|        | csv-external | visits | | |
|        | calculate | c | | instance('visits')/root/item[name = ${v}]/label |
|        | select_one yn | b | Yes? | |
|        | calculate | d | | instance("yn")/root/item[name = ${b}]/label |
| choices |
|         | list_name | name | label |
|         | yn | yes | Yes |
| settings |
|          | form_id | version |
|          | small | 1 |
"""


def test_lists_are_those_that_rows_bring_into_the_form(tmp_path: Path) -> None:
    assert lists_of(read(tmp_path, LISTS)) == ("villages", "visits")
    assert lists_of(read(tmp_path, SMALL)) == ()


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("villages.csv", "vilages.csv", "small.md:3:", "no list `vilages.csv` on the phone; there are communes.csv"),
        ("csv-external | visits", "csv-external | visit", "small.md:4:", "no list `visit.csv`"),
        ("instance('visits')", "instance('communes')", "small.md:5:", "add one of type csv-external named communes"),
    ],
)
def test_a_list_that_nobody_makes_or_brings_is_named(
    tmp_path: Path, old: str, new: str, place: str, words: str
) -> None:
    assert LISTS.count(old) == 1
    source = read(tmp_path, LISTS.replace(old, new))
    with pytest.raises(FormError) as error:
        lists_of(source)
    assert str(error.value).startswith(place)
    assert words in str(error.value)
