"""ODK Validate runs on the wheel's Java and speaks to the form's author."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from forms.build import BuiltForm
from forms.errors import FormError
from forms.validate import validate


def test_the_household_form_opens_in_collect_without_a_java_of_the_system(
    built: BuiltForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    validate(built.xml)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("count( /data/member/person/age )", "tally( /data/member/person/age )", "tally"),
        ("count( /data/member/person/age )", "count( /data/member/person/age ", "member_count"),
    ],
)
def test_a_broken_form_is_refused_in_plain_words(
    built: BuiltForm, tmp_path: Path, old: str, new: str, words: str
) -> None:
    text = built.xml.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "broken.xml"
    broken.write_text(text.replace(f'calculate="{old}"', f'calculate="{new}"'), encoding="utf-8")
    with pytest.raises(FormError) as error:
        validate(broken)
    message = str(error.value)
    assert message.startswith("broken.xml: ")
    assert words in message
    assert ".java:" not in message
    assert "\tat " not in message


def test_a_form_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FormError, match="build it first"):
        validate(tmp_path / "nothing.xml")
