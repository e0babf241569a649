"""The codebook as a page that stands alone: Vietnamese first, English beside it; a card for each question."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from forms.codebook import CONSTANT, Codebook, Entry, is_constant, is_note, text
from forms.grounds import Ground
from forms.model import Choice
from poverty.page import STATUS_WORDS
from poverty.questions import Text

_STYLE = Path(__file__).with_name("codebook.css")
#: A longer list of answers is folded.
_LONG_LIST = 12
_KINDS: dict[str, Text] = {
    "text": Text("chữ", "text"),
    "integer": Text("số nguyên", "whole number"),
    "decimal": Text("số", "number"),
    "date": Text("ngày", "date"),
    "time": Text("giờ", "time"),
    "datetime": Text("ngày giờ", "date and time"),
    "select_one": Text("chọn một", "one choice"),
    "select_multiple": Text("chọn nhiều", "several choices"),
    "geopoint": Text("vị trí GPS", "GPS position"),
    "image": Text("ảnh", "photo"),
    "acknowledge": Text("đánh dấu", "tick"),
    "calculate": Text("máy tính ra", "computed"),
    "note": Text("lời dẫn", "note"),
    "audit": Text("nhật ký phỏng vấn", "log of the interview"),
}


def page(books: Sequence[Codebook]) -> str:
    """The whole HTML page of some codebooks, without scripts and without anything from elsewhere."""
    contents = "".join(
        f'<li><a href="#{escape(book.form.id)}">{escape(book.title)}</a> <code>{escape(book.form.id)}</code>'
        f" <span class='soft'>{_count(book)}</span></li>\n"
        for book in books
    )
    title = Text("Bảng mã các phiếu", "Codebook of the forms")
    return (
        '<!doctype html>\n<html lang="vi">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title.vi}</title>\n<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n"
        "</head>\n<body>\n<main>\n"
        f"<h1>{_both(title)}</h1>\n"
        f"<p>{_both(_ABOUT)}</p>\n<nav>\n<ul>\n{contents}</ul>\n</nav>\n"
        + "".join(_form(book) for book in books)
        + "</main>\n</body>\n</html>\n"
    )


def _count(book: Codebook) -> str:
    count = _both(Text(f"{len(book.asked)} mục", f"{len(book.asked)} entries"))
    if not book.computed:
        return count
    return f"{count}, {_both(Text(f'{len(book.computed)} theo chuẩn nghèo', f'{len(book.computed)} by a standard'))}"


_ABOUT = Text(
    "Trang này được sinh từ chính các phiếu và các chuẩn nghèo; không sửa tay. Căn cứ ghi là không chính thức hoặc "
    "minh họa thì kết quả tính từ đó là tạm tính.",
    "This page is generated from the forms and standards themselves. What rests on a source that is not official is "
    "provisional.",
)


def _form(book: Codebook) -> str:
    form_id = escape(book.form.id)
    asked: list[str] = []
    section: tuple[Text, ...] = ()
    for entry in book.asked:
        if entry.section != section and entry.section:
            heading = " › ".join(_both(part) for part in entry.section)
            asked.append(f"<h3>{heading}</h3>\n")
        section = entry.section
        asked.append(_entry(book, entry))
    computed = ""
    if book.computed:
        title = Text("Máy tính theo chuẩn nghèo", "Computed by the standard")
        names = ", ".join(f"<code>{escape(one)}</code>" for one in book.standards)
        cards = "".join(_entry(book, entry) for entry in book.computed)
        computed = f"<details>\n<summary>{_both(title)} ({names}): {len(book.computed)}</summary>\n{cards}</details>\n"
    return (
        f'<section id="{form_id}">\n<h2>{escape(book.title)} <code>{form_id}</code></h2>\n'
        f"{_ground(book.ground) if book.ground else ''}{''.join(asked)}{computed}</section>\n"
    )


def _entry(book: Codebook, entry: Entry) -> str:
    question = entry.question
    anchor = escape(f"{book.form.id}-{question.name}")
    label = text(question.label)
    words = f"<p class='label'>{_both(label)}</p>\n" if label.vi else ""
    hint = text(question.hint)
    words += f"<p class='hint'>{_both(hint)}</p>\n" if hint.vi else ""
    kind = _both(_KINDS[question.kind]) if question.kind in _KINDS else escape(question.kind)
    marks = [f"<span class='kind'>{kind}</span>"]
    if question.required:
        marks.append(f"<span class='mark'>{_both(Text('bắt buộc', 'required'))}</span>")
    if entry.is_personal:
        marks.append(f"<span class='mark personal'>{_both(Text('dữ liệu cá nhân', 'personal data'))}</span>")
    if question.repeat:
        marks.append(f"<span class='mark'>{_both(Text('mỗi', 'each'))} <code>{escape(question.repeat)}</code></span>")
    note = " note" if is_note(entry) else ""
    return (
        f'<article class="question{note}" id="{anchor}">\n<h4><code>{escape(question.name)}</code> {" ".join(marks)}'
        f"</h4>\n{words}{_facts(entry)}</article>\n"
    )


def _facts(entry: Entry) -> str:
    question = entry.question
    rows: list[tuple[Text, str]] = []
    if entry.choices:
        rows.append((Text("Ý trả lời", "Choices"), _choices(entry.choices)))
    if entry.list_kind:
        rows.append((Text("Danh sách", "List"), f"<code>{escape(question.list)}</code>, {_both(entry.list_kind)}"))
    if question.filter:
        rows.append((Text("Lọc", "Filter"), _code(question.filter)))
    if question.constraint:
        words = text(question.message)
        rows.append((Text("Ràng buộc", "Constraint"), f"{_both(words)}<br>{_code(question.constraint)}"))
    if entry.relevance:
        rows.append((Text("Chỉ hỏi khi", "Asked when"), "<br>".join(_code(one) for one in entry.relevance)))
    if question.calculation:
        said = _both(CONSTANT) if is_constant(question) else _code(question.calculation)
        rows.append((Text("Công thức", "Calculation"), said))
    if entry.readers:
        rows.append((Text("Dùng để tính", "Computed from it"), _readers(entry)))
    if entry.ground:
        rows.append((Text("Căn cứ", "Legal source"), _ground(entry.ground)))
    if question.save_to:
        rows.append((Text("Lưu vào đối tượng", "Saved to the entity"), _code(question.save_to)))
    if question.renamed_from:
        names = " ".join(_code(name) for name in question.renamed_from)
        rows.append((Text("Tên trong phiên bản trước", "Name in earlier versions"), names))
    if entry.versions:
        names = "<br>".join(
            f"{escape(version)}: {_code(name) if name else _both(Text('không hỏi', 'not asked'))}"
            for version, name in entry.versions
        )
        rows.append((Text("Các phiên bản", "Versions"), names))
    items = "".join(f"<div><dt>{_both(name)}</dt><dd>{told}</dd></div>\n" for name, told in rows)
    return f"<dl>\n{items}</dl>\n" if rows else ""


def _choices(choices: tuple[Choice, ...]) -> str:
    items = ""
    for choice in choices:
        former = ""
        if choice.renamed_from:
            codes = " ".join(_code(code) for code in choice.renamed_from)
            former = f" <span class='soft'>{_both(Text('mã cũ', 'former code'))} {codes}</span>"
        items += f"<li>{_code(choice.code)} {_both(text(choice.label))}{former}</li>\n"
    listed = f"<ul>\n{items}</ul>"
    if len(choices) <= _LONG_LIST:
        return listed
    return f"<details><summary>{len(choices)} {_both(Text('ý', 'choices'))}</summary>{listed}</details>"


def _readers(entry: Entry) -> str:
    """The rules that read it, those of one standard on one ground together."""
    together: dict[tuple[str, Ground], list[str]] = {}
    for reader in entry.readers:
        rule = f"{_code(reader.rule)} {_both(reader.name)}"
        together.setdefault((reader.standard, reader.ground), []).append(rule)
    items = "".join(
        f"<li>{_code(standard)}: {'; '.join(rules)} {_ground(ground)}</li>\n"
        for (standard, ground), rules in together.items()
    )
    return f"<ul>\n{items}</ul>"


def _ground(ground: Ground) -> str:
    status = f'<span class="status {ground.status}">{_both(STATUS_WORDS[ground.status])}</span>'
    return f'<p class="grounds">{status} {escape(ground.text)}</p>\n'


def _code(value: str) -> str:
    return f"<code>{escape(value)}</code>"


def _both(words: Text) -> str:
    if words.en in ("", words.vi):
        return escape(words.vi)
    return f'{escape(words.vi)} <span class="en" lang="en">{escape(words.en)}</span>'
