"""The household form, built and opened once for all tests of the forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from forms.build import BuiltForm
from forms.engine import Form, open_form
from tests.forms.household_form import build_with_media


@pytest.fixture(scope="session")
def built_with_media(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuiltForm, Path]:
    return build_with_media(tmp_path_factory.mktemp("form"))


@pytest.fixture(scope="session")
def built(built_with_media: tuple[BuiltForm, Path]) -> BuiltForm:
    return built_with_media[0]


@pytest.fixture(scope="session")
def form(built_with_media: tuple[BuiltForm, Path]) -> Form:
    built, media_dir = built_with_media
    return open_form(built.xml, media_dir)
