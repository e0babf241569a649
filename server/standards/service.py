"""Finding standards, and saying in both languages what is wrong with a file."""

from __future__ import annotations

from functools import cache

from poverty import Standard, StandardError, load_standard, own_standards, shipped_standards, use_folder
from poverty.words import AnswerWords
from server.errors import UserError
from server.settings import Settings

FOLDER = "standards"


def install(settings: Settings) -> None:
    """Find the province's own standards by their ids, in this process: `<data>/standards/<id>.yaml`."""
    use_folder(settings.data.dir / FOLDER)


def load(id_or_path: str) -> Standard:
    """The standard of that id or file. Raises `UserError`, which names the place in the file."""
    try:
        return load_standard(id_or_path)
    except StandardError as error:
        raise _refusal(error) from None


def at_hand() -> list[Standard]:
    """Every standard that a round may name, the shipped ones first. Raises `UserError` for a file that is broken."""
    try:
        return [*shipped_standards(), *own_standards()]
    except StandardError as error:
        raise _refusal(error) from None


@cache
def answer_words() -> AnswerWords:
    """What the answers are called in the household form. Raises `UserError` when its source is broken."""
    from forms.errors import FormError
    from forms.source import SOURCES, read_source
    from forms.words import answer_words as words

    try:
        return words(read_source(SOURCES / "household.md"))
    except FormError as error:
        raise UserError(
            "form_invalid", f"Nguồn phiếu hộ có lỗi: {error}", f"The household form's source is broken: {error}"
        ) from None


def _refusal(error: StandardError) -> UserError:
    return UserError(
        "standard_invalid", f"Không dùng được chuẩn nghèo: {error}", f"The standard cannot be used: {error}"
    )
