"""The codebook: every question with its answers, constraint, condition, and who computes from it on what legal ground.

Generated from forms as built and from the standards; `forms.codebook_page` makes the page, `write_workbook` the .xlsx.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import xlsxwriter

from forms.grounds import FORM_GROUNDS, QUESTION_GROUNDS, Ground
from forms.inputs import INCOME, INCOME_LINE, answers_by_rule
from forms.lists import ENTITY_LISTS
from forms.model import METADATA, NOTE, Choice, Form, Question
from forms.personal import PERSONAL
from poverty.questions import Text
from poverty.standard import Standard
from poverty.xpath import calculations

#: Calculations that hold a constant of the round, shown as such.
ROUND_CONSTANTS = frozenset({"round_id", "province_code", "review_date"})
CONSTANT = Text("hằng số của đợt", "constant of the round")
#: Nothing in the workbook is older or newer than its content.
_WORKBOOK_DATE = datetime(2021, 1, 27)  # noqa: DTZ001 - a date of a document, not a moment


@dataclass(frozen=True)
class Reader:
    """A rule that computes from an answer; `rule` is its id, or `income`, or `income_line`."""

    standard: str
    rule: str
    name: Text
    ground: Ground


@dataclass(frozen=True)
class Entry:
    """One question of one form.

    section: labels of the groups around it, outermost first. relevance is as written, and so is `question.constraint`,
    which `question.message` says in words. versions: (version, its name there or '' where it was not asked), oldest
    first.
    """

    question: Question
    section: tuple[Text, ...]
    choices: tuple[Choice, ...]
    relevance: tuple[str, ...]
    readers: tuple[Reader, ...]
    ground: Ground | None
    is_personal: bool
    versions: tuple[tuple[str, str], ...] = ()

    @property
    def list_kind(self) -> Text | None:
        """What kind of list the answers come from when they are not in the form; None otherwise."""
        if not self.question.list or self.choices:
            return None
        if self.question.list in ENTITY_LISTS:
            return Text("danh sách đối tượng trên máy", "entity list on the phone")
        return Text("tệp danh mục trên máy", "file on the phone")


@dataclass(frozen=True)
class Codebook:
    """The codebook of one form: what is asked, then what the phone computes by the standards."""

    form: Form
    title: str
    ground: Ground | None
    asked: tuple[Entry, ...]
    computed: tuple[Entry, ...]
    standards: tuple[str, ...] = field(default=())


def codebook(form: Form, standards: Sequence[Standard], earlier: Sequence[Form] = ()) -> Codebook:
    """The codebook of a form. earlier: the versions published before it, oldest first.

    Where a standard's calculations stand in the form, each answer names the rules that read it, under every standard
    given.
    """
    generated = {one.name for standard in standards for one in calculations(standard)}
    computes = any(name in generated for name in form.questions)
    readers = _readers(standards) if computes else {}
    entries = [
        _entry(form, question, readers.get(question.name, ()), earlier)
        for question in form.questions.values()
        if question.kind not in METADATA or question.kind == "audit"
    ]
    return Codebook(
        form,
        form.title,
        FORM_GROUNDS.get(form.id),
        tuple(entry for entry in entries if entry.question.name not in generated),
        tuple(entry for entry in entries if entry.question.name in generated),
        tuple(standard.id for standard in standards) if computes else (),
    )


def _entry(form: Form, question: Question, readers: tuple[Reader, ...], earlier: Sequence[Form]) -> Entry:
    return Entry(
        question=question,
        section=tuple(
            text(form.groups[name].label) for name in question.groups if name in form.groups and form.groups[name].label
        ),
        choices=form.choices(question),
        relevance=form.relevance(question),
        readers=readers,
        ground=QUESTION_GROUNDS.get(question.name),
        is_personal=question.name in PERSONAL,
        versions=tuple((one.version, _name_in(one, question)) for one in earlier),
    )


def text(words: object) -> Text:
    """Words by language as one text; a language that is missing reads as the other."""
    assert hasattr(words, "get")
    vi, en = words.get("vi", ""), words.get("en", "")
    return Text(vi or en or words.get("", ""), en or vi or words.get("", ""))


def _name_in(earlier: Form, question: Question) -> str:
    names = (question.name, *question.renamed_from)
    return next((name for name in names if name in earlier.questions), "")


def _readers(standards: Sequence[Standard]) -> dict[str, tuple[Reader, ...]]:
    found: dict[str, list[Reader]] = {}
    for standard in standards:
        for rule_id, names in answers_by_rule(standard).items():
            name, ground = _rule(standard, rule_id)
            for answer in names:
                found.setdefault(answer, []).append(Reader(standard.id, rule_id, name, ground))
    return {name: tuple(readers) for name, readers in found.items()}


def _rule(standard: Standard, rule_id: str) -> tuple[Text, Ground]:
    income = standard.income
    if rule_id == INCOME:
        return Text("Thu nhập bình quân", "Income per person"), Ground(income.source, income.status)
    if rule_id == INCOME_LINE:
        return Text("Chuẩn thu nhập", "Income line"), Ground(income.lines_source, income.lines_status)
    rule = standard.rule(rule_id)
    return rule.name, Ground(rule.source, rule.status)


#: Columns of the workbook: heading in both languages, what of an entry, width in characters.
_COLUMNS: tuple[tuple[str, int], ...] = (
    ("Tên / Name", 20),
    ("Tên cũ / Former names", 18),
    ("Mục / Section", 30),
    ("Nhóm lặp / Repeat", 12),
    ("Kiểu / Type", 16),
    ("Câu hỏi", 44),
    ("Question", 44),
    ("Gợi ý", 30),
    ("Hint", 30),
    ("Danh sách / List", 18),
    ("Ý trả lời / Choices", 44),
    ("Bắt buộc / Required", 12),
    ("Điều kiện hỏi / Asked when", 40),
    ("Ràng buộc bằng lời", 40),
    ("Constraint in words", 40),
    ("Ràng buộc / Constraint", 40),
    ("Công thức / Calculation", 50),
    ("Chỉ số dùng / Rules that read it", 40),
    ("Căn cứ / Legal source", 60),
    ("Trạng thái / Status", 16),
    ("Dữ liệu cá nhân / Personal", 14),
    ("Lưu vào / Saved to", 16),
)


def write_workbook(books: Sequence[Codebook], path: Path) -> None:
    """Write codebooks as .xlsx, a sheet for each form; every cell is text, no formula or link, however it begins."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        workbook.set_properties({"title": "Rà soát: codebook", "created": _WORKBOOK_DATE})
        head = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        cell = workbook.add_format({"text_wrap": True, "valign": "top"})
        for book in books:
            versions = [version for version, _ in book.asked[0].versions] if book.asked else []
            sheet = workbook.add_worksheet(book.form.id[:31])
            sheet.freeze_panes(1, 1)
            headings = [*_COLUMNS, *((f"Phiên bản / Version {version}", 20) for version in versions)]
            for column, (heading, width) in enumerate(headings):
                sheet.set_column(column, column, width)
                sheet.write_string(0, column, heading, head)
            for row, entry in enumerate((*book.asked, *book.computed), start=1):
                for column, value in enumerate(_cells(entry)):
                    sheet.write_string(row, column, value, cell)


def _cells(entry: Entry) -> list[str]:
    question = entry.question
    label, hint, message = text(question.label), text(question.hint), text(question.message)
    listed = f"{question.list} ({entry.list_kind.vi} / {entry.list_kind.en})" if entry.list_kind else question.list
    choices = [_choice(choice) for choice in entry.choices]
    grounds = list(
        dict.fromkeys([reader.ground for reader in entry.readers] + ([entry.ground] if entry.ground else []))
    )
    return [
        question.name,
        " ".join(question.renamed_from),
        " › ".join(f"{part.vi} / {part.en}" for part in entry.section),
        question.repeat,
        question.kind,
        label.vi,
        label.en,
        hint.vi,
        hint.en,
        listed,
        "\n".join(choices),
        "x" if question.required == "yes" else question.required,
        " and ".join(f"({one})" for one in entry.relevance) if len(entry.relevance) > 1 else "".join(entry.relevance),
        message.vi,
        message.en,
        question.constraint,
        CONSTANT.vi + " / " + CONSTANT.en if is_constant(question) else question.calculation,
        "\n".join(f"{reader.standard}: {reader.rule} {reader.name.vi}" for reader in entry.readers),
        "\n".join(ground.text for ground in grounds),
        "\n".join(dict.fromkeys(ground.status for ground in grounds)),
        "x" if entry.is_personal else "",
        question.save_to,
        *(name for _, name in entry.versions),
    ]


def _choice(choice: Choice) -> str:
    words = text(choice.label)
    former = f" (trước đây / formerly: {' '.join(choice.renamed_from)})" if choice.renamed_from else ""
    return f"{choice.code} = {words.vi} / {words.en}{former}"


def is_constant(question: Question) -> bool:
    """Whether it holds a constant of the round, which differs from round to round."""
    return question.name in ROUND_CONSTANTS and bool(question.calculation)


def is_note(entry: Entry) -> bool:
    """Whether nothing is answered there: a note to the enumerator."""
    return entry.question.kind == NOTE
