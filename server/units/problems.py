"""Everything that is wrong with a file, said at once: file, row, column, remedy. A file with a problem is not taken."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from server.errors import UserError

_SHOWN = 20
#: Row 1 holds the headings, and a frame's index begins at 0.
_FIRST_ROW = 2


@dataclass(frozen=True)
class Problem:
    """One wrong cell. `row` counts as a spreadsheet does."""

    row: int
    column: str
    vi: str
    en: str


class FileError(UserError):
    """A file that was not taken, with all its problems."""

    def __init__(self, code: str, file: str, problems: list[Problem]) -> None:
        self.problems = problems
        ordered = sorted(problems, key=lambda one: one.row)
        vi = [f"{file}: dòng {one.row}, cột {one.column}: {one.vi}" for one in ordered[:_SHOWN]]
        en = [f"{file}: row {one.row}, column {one.column}: {one.en}" for one in ordered[:_SHOWN]]
        more = len(ordered) - _SHOWN
        if more > 0:
            vi.append(f"... và {more} chỗ khác.")
            en.append(f"... and {more} more.")
        super().__init__(
            code,
            "\n".join([*vi, "Chưa nhập gì; sửa tệp rồi nhập lại."]),
            "\n".join([*en, "Nothing was imported; correct the file and import it again."]),
        )


class Problems:
    """The problems found so far in one file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[Problem] = []

    def add(self, index: Hashable, column: str, vi: str, en: str) -> None:
        """Note what is wrong at a row of the frame (by its index, 0 = first below the headings)."""
        row = index + _FIRST_ROW if isinstance(index, int) else _FIRST_ROW
        self._found.append(Problem(row, column, vi, en))

    def refuse(self, code: str) -> None:
        """Raise `FileError` if anything was noted."""
        if self._found:
            raise FileError(code, self._file, self._found)
