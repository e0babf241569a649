"""Small tables that people give as CSV or XLSX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path, required: tuple[str, ...]) -> pd.DataFrame:
    """A table as text, headings stripped. Raises `UserError` when it cannot be read or lacks a column."""
    import pandas as pd

    from server.errors import UserError

    try:
        if path.suffix.lower() in (".xlsx", ".xlsm"):
            frame = pd.read_excel(path, dtype=str, engine="openpyxl")
        else:
            frame = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError("file_missing", f"{path}: không có tệp này.", f"{path}: there is no such file.") from None
    except Exception as error:  # pandas and openpyxl raise a dozen kinds for what is no table
        raise UserError(
            "file_unreadable",
            f"{path.name}: không đọc được như bảng CSV (UTF-8) hay XLSX ({type(error).__name__}).",
            f"{path.name}: cannot be read as a CSV (UTF-8) or XLSX table ({type(error).__name__}).",
        ) from None
    frame.columns = [str(column).strip() for column in frame.columns]
    missing = [column for column in required if column not in frame]
    if missing:
        raise UserError(
            "file_columns",
            f"{path.name}: dòng 1 thiếu cột {', '.join(missing)}.",
            f"{path.name}: row 1 lacks the columns {', '.join(missing)}.",
        )
    return frame.dropna(how="all")
