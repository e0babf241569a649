"""`rasoat forms check`, `diff` and `codebook`: what a form's author asks before anything is published."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import Json, RoundOption, answer, open_database, progress_bars, settings

if TYPE_CHECKING:
    from forms.build import RoundConstants
    from forms.diff import Change, Grade
    from forms.findings import Finding
    from forms.model import Form
    from poverty.standard import Standard
    from server.rounds.tables import RoundForm

_PUBLISHED = "published"
_GRADES: dict[Grade, str] = {
    "would_lose_data": "MẤT DỮ LIỆU / would lose data",
    "new_version": "PHIÊN BẢN MỚI / new version",
    "safe": "AN TOÀN / safe",
}


def check(
    form: Annotated[
        list[str] | None,
        typer.Argument(help="Tên phiếu hoặc tệp .md; không ghi thì mọi phiếu. / Forms; all by default."),
    ] = None,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Kiểm tra phiếu: quy tắc của dự án và ODK Validate. / Check forms: house rules and ODK Validate.

    Không ghi --round thì kiểm tra theo mọi chuẩn nghèo có sẵn. / Without --round: under every shipped standard.
    Mã thoát là 0 chỉ khi không có lỗi nào. / Exit status 0 only when there is no error.
    """
    from forms.build import FORM_NAMES
    from forms.check import check_form
    from poverty.standard import shipped_standards

    constants: RoundConstants | None = None
    standards: list[Standard] = shipped_standards()
    if round_id is not None:
        standard, constants = _of_round(round_id)
        standards = [standard]
    paths = [_source(name) for name in form or FORM_NAMES]
    found: list[Finding] = []
    with progress_bars(quiet=json) as bars:
        for number, path in enumerate(paths):
            bars("forms", number, len(paths))
            found += check_form(path, standards, constants)
        bars("forms", len(paths), len(paths))
    errors = [one for one in found if one.severity == "error"]
    checked = ", ".join(path.name for path in paths)
    answer(
        {
            "forms": [path.name for path in paths],
            "standards": [standard.id for standard in standards],
            "errors": len(errors),
            "warnings": len(found) - len(errors),
            "findings": [one.as_dict() for one in found],
        },
        *(f"{one.place}: [{one.rule}] {one.text.vi}\n    {one.text.en}" for one in found),
        f"{checked}: {len(errors)} lỗi, {len(found) - len(errors)} cảnh báo "
        f"/ {len(errors)} errors, {len(found) - len(errors)} warnings.",
        as_json=json,
    )
    if errors:
        sys.exit(1)


def diff(
    old: Annotated[
        str, typer.Argument(help="Tên phiếu, tệp .md/.xlsx/.xml, hoặc published. / Form, file or published.")
    ],
    new: Annotated[str, typer.Argument(help="Như trên. / As above.")],
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """So hai phiếu theo nghĩa, không theo chữ. / Compare two forms by meaning, not by text.

    `published`: phiếu Central đang giữ cho đợt. Mã thoát là 1 khi có thay đổi làm mất dữ liệu.
    / `published`: what Central holds for the round. Exit status 1 when a change would lose data.
    """
    from forms.diff import compare
    from forms.errors import FormError

    if _PUBLISHED in (old, new) and round_id is None:
        round_id = _latest_round()
    other = new if old == _PUBLISHED else old
    sources = all(operand != _PUBLISHED and _source(operand).suffix == ".md" for operand in (old, new))
    try:
        before, after = (_form(operand, other, round_id, computed=not sources) for operand in (old, new))
        result = compare(before, after)
    except FormError as error:
        raise _user_error(error) from None
    lines = [f"{result.form_id}: {result.old_version or '-'} -> {result.new_version or '-'}"]
    for grade, title in _GRADES.items():
        alike: dict[tuple[str, str, str], list[Change]] = {}
        for change in result.of_grade(grade):
            alike.setdefault((change.kind, change.old, change.new), []).append(change)
        lines += [title] if alike else []
        for (_, was, becomes), changes in alike.items():
            lines.append(f"  {', '.join(one.name for one in changes)}: {changes[0].vi} / {changes[0].en}")
            lines += [f"    - {was}"] if was else []
            lines += [f"    + {becomes}"] if becomes else []
    answer(result.as_dict(), *(lines if result.changes else [*lines, "Không khác gì. / No difference."]), as_json=json)
    if result.worst == "would_lose_data":
        sys.exit(1)


def codebook(
    out: Annotated[Path, typer.Option(help="Thư mục ghi. / Where to write.")] = Path("docs"),
    round_id: RoundOption = None,
    published: Annotated[
        bool, typer.Option("--published", help="Kèm các phiên bản đã phát hành. / With the versions published before.")
    ] = False,
    json: Json = False,
) -> None:
    """Sinh bảng mã các phiếu: codebook.html và codebook.xlsx. / Generate the codebook of the forms.

    Không ghi --round thì theo mọi chuẩn nghèo có sẵn. / Without --round: under every shipped standard.
    """
    from forms.build import FORM_NAMES
    from forms.codebook import codebook as make
    from forms.codebook import write_workbook
    from forms.codebook_page import page
    from forms.errors import FormError
    from forms.reading import read_form
    from poverty.standard import shipped_standards

    if published and round_id is None:
        round_id = _latest_round()
    standard, constants = _any_round() if round_id is None else _of_round(round_id)
    standards = shipped_standards() if round_id is None else [standard]
    shown = settings().forms.show_proposal
    books = []
    try:
        with progress_bars(quiet=json) as bars:
            for done, name in enumerate(FORM_NAMES, start=1):
                form = read_form(_source(name), standard, constants, show_proposal=shown)
                versions = _published_versions(round_id, name, form.version) if published and round_id else []
                books.append(make(form, standards, versions))
                bars("forms", done, len(FORM_NAMES))
    except FormError as error:
        raise _user_error(error) from None
    out.mkdir(parents=True, exist_ok=True)
    files = [out / "codebook.html", out / "codebook.xlsx"]
    files[0].write_text(page(books), encoding="utf-8")
    write_workbook(books, files[1])
    questions = sum(len(book.asked) for book in books)
    answer(
        {"files": [str(file) for file in files], "forms": list(FORM_NAMES), "questions": questions},
        *(str(file) for file in files),
        as_json=json,
    )


def _source(name: str) -> Path:
    """The source of a form by its name, or a file."""
    from forms.build import FORM_NAMES
    from forms.source import SOURCES

    return SOURCES / f"{name}.md" if name in FORM_NAMES else Path(name)


def _form(operand: str, other: str, round_id: str | None, *, computed: bool = True) -> Form:
    from forms.reading import read_form
    from forms.xform import read_xform

    if operand == _PUBLISHED:
        assert round_id is not None
        return read_xform(_published_xml(round_id, Path(other).stem))
    if round_id is not None:
        standard, constants = _of_round(round_id)
    else:
        standard, constants = _any_round()
    shown = settings().forms.show_proposal
    return read_form(_source(operand), standard, constants, show_proposal=shown, computed=computed)


def _of_round(round_id: str) -> tuple[Standard, RoundConstants]:
    from forms.build import RoundConstants
    from poverty import load_standard
    from server.rounds import service as rounds

    with open_database() as database, database.session() as session:
        of = rounds.get(session, round_id)
        return load_standard(of.standard_id), RoundConstants(of.round_id, of.review_date, of.province_code)


def _any_round() -> tuple[Standard, RoundConstants]:
    """A made-up round: both sides of a comparison are built alike."""
    from forms.check import made_up
    from poverty.standard import shipped_standards

    standard = shipped_standards()[0]
    return standard, made_up(standard)


def _latest_round() -> str:
    from server.rounds import service as rounds

    with open_database() as database, database.session() as session:
        return rounds.choose(session, None).round_id


def _published_xml(round_id: str, name: str) -> str:
    """The XForm that Central holds for a round's form. Raises `NotFoundError` when none is published."""
    from server.central.client import Central, part
    from server.errors import NotFoundError

    held = _held(round_id, name)
    if held is None:
        raise NotFoundError(
            "form_not_published",
            f"Đợt {round_id} chưa phát hành phiếu {name}. Chạy: rasoat forms publish.",
            f"Round {round_id} has no published form {name}. Run: rasoat forms publish.",
        )
    with Central(settings().central) as central:
        path = f"projects/{held.project_id}/forms/{part(held.form_id)}.xml"
        return central.get_text(path, f"form {held.form_id}")


def _published_versions(round_id: str, name: str, current: str) -> list[Form]:
    """The versions of a round's form that Central holds beside the current one, oldest first."""
    from forms.xform import read_xform
    from server.central.client import Central, part

    held = _held(round_id, name)
    if held is None:
        return []
    what, path = f"form {held.form_id}", f"projects/{held.project_id}/forms/{part(held.form_id)}/versions"
    with Central(settings().central) as central:
        versions = sorted(central.get_json(path, what), key=lambda one: str(one["publishedAt"]))
        names = [one["version"] for one in versions if one["version"] != current]
        return [read_xform(central.get_text(f"{path}/{part(version)}.xml", what)) for version in names]


def _held(round_id: str, name: str) -> RoundForm | None:
    from server.rounds import service as rounds

    with open_database() as database, database.session() as session:
        rounds.get(session, round_id)
        return rounds.form_of(session, round_id, name)


def _user_error(error: Exception) -> Exception:
    from server.errors import UserError

    return UserError("form_error", f"Phiếu không đọc được:\n{error}", f"The form cannot be read:\n{error}")
