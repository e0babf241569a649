"""A form on paper: a printable sheet made from its source, for the day when no phone works. Vietnamese.

Questions stand in the order of the phone and choices carry the number of their place in it, so that typing a sheet in
later is reading down. A repeat (the members) becomes a grid, a column for each person; when a question is asked at all
stands under it in words. What the phone computes, looks up or shows of a list is not on paper.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from forms.build import RoundConstants
from forms.condition_words import Subject, Unspeakable, in_words
from forms.source import FormSource, Row
from forms.survey import BEGIN, FROM_FILE, METADATA, SELECTS, Place, Source
from poverty.standard import Standard

_VI = "Tiếng Việt (vi)"
_REFERENCE = re.compile(r"\$\{(\w+)\}")
_STYLE = Path(__file__).with_name("paper.css")
#: Shown on the phone only: which part of its list to look through.
_PHONE_ONLY = frozenset({"list_shown"})
#: What the phone computes and whoever fills in a sheet can see for himself.
_KNOWN_TO_PEOPLE = {"age": Subject("tuổi", blank="không rõ tuổi")}
#: A list longer than this stands at the end of the sheet, its answer is a number or a word.
_LONG = 15
_IN_LOOKUP = "Số trong danh mục cuối phiếu"
_COMPUTED = (*METADATA, "calculate", "calculations", "hidden", "csv-external")


@dataclass(frozen=True)
class _Choice:
    number: str
    label: str


def paper_sheet(source: FormSource, standard: Standard, constants: RoundConstants, people: int = 6) -> str:
    """The sheet as one HTML page without any other file, A4; a grid of a repeat is on a landscape page of its own.

    standard: whose calculations the form holds. people: columns of a grid; of a larger household one fills in a
    second sheet. Raises FormError with file and line where a condition cannot be said in words: the row then needs a
    `guidance_hint`, which is what the sheet prints instead.
    """
    return _Sheet(source, standard, constants, people).page()


class _Sheet:
    def __init__(self, source: FormSource, standard: Standard, constants: RoundConstants, people: int) -> None:
        self.file, self.constants, self.people = source, constants, people
        self.source = Source(source, [standard])
        self.unseen = {place.name for place in self.source.places if place.kind in _COMPUTED}
        self.unseen |= self.source.generated.keys()
        asked = [place for place in self.source.places if self._is_question(place)]
        self.numbers = {place.name: number for number, place in enumerate(asked, start=1)}
        self.lookups: dict[str, list[_Choice]] = {}

    def page(self) -> str:
        settings = self.file.sheets["settings"].rows[0]
        title = escape(settings.get("form_title"))
        body = "\n".join(self._body())
        style = _STYLE.read_text(encoding="utf-8")
        return (
            f'<!doctype html>\n<html lang="vi">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
            f"<style>\n{style}</style>\n</head>\n<body>\n{self._head(title)}\n{body}\n{self._lookup_lists()}"
            '<div class="signed"><div>Người trả lời hoặc người chủ trì<br>(ký, ghi rõ họ tên)</div>'
            "<div>Người ghi phiếu<br>(ký, ghi rõ họ tên)</div></div>\n</body>\n</html>\n"
        )

    def _head(self, title: str) -> str:
        day = f"{self.constants.review_date:%d/%m/%Y}"
        digest = hashlib.sha256(self.file.path.read_bytes()).hexdigest()[:8]
        times = ("Bắt đầu (ngày, giờ)", "Kết thúc (ngày, giờ)")
        blanks = ("Người ghi phiếu", "Mã rà soát viên", *times, "Người nhập vào máy", "Ngày nhập")
        return (
            f"<header><h1>{title}</h1>"
            f"<p>Phiếu giấy thay cho điện thoại. Đợt {escape(self.constants.round_id)}, ngày rà soát {day}. "
            f"Mẫu giấy {digest}.</p>"
            f'<div class="filled">{"".join(f"<div>{blank}</div>" for blank in blanks)}</div>'
            '<p class="guide">Ô tròn: chọn một. Ô vuông: chọn mọi ý đúng. Dấu * là câu phải trả lời; câu khác không '
            f"biết thì để trống. Tuổi và 12 tháng tính đến ngày {day}. Dòng có mũi tên nói khi nào mới ghi câu đó. "
            "Trên điện thoại các câu đứng đúng thứ tự này. Phiếu có dữ liệu cá nhân: giữ kín, nhập xong nộp lại xã.</p>"
            "</header>"
        )

    def _body(self) -> Iterator[str]:
        inside_repeat = ""
        headed = ""
        for place in self.source.places:
            if place.kind == "end_repeat":
                inside_repeat = ""
                yield "</tbody></table></section>"
            elif place.kind in BEGIN:
                label = self._text(place.row, "label")
                if place.kind == "begin_repeat":
                    inside_repeat, headed = place.name, label
                    yield self._open_grid(label, self._skip(place))
                elif label != headed:  # a group that only holds a condition is named as what it stands in
                    headed = label
                    yield self._heading(label, self._skip(place), in_grid=bool(inside_repeat))
            elif place.kind == "note":
                if self._is_for_people(place):
                    yield self._note(place, in_grid=bool(inside_repeat))
            elif place.name in self.numbers:
                yield self._row(place) if inside_repeat else self._question(place)

    def _open_grid(self, label: str, skip: str) -> str:
        columns = "".join(f'<th class="person">{number}</th>' for number in range(1, self.people + 1))
        return (
            f'<section class="people"><h2>{label}</h2>{skip}<p class="hint">Mỗi cột một người (hoặc một hộ); nhiều hơn '
            f"{self.people} thì ghi tiếp vào tờ thứ hai. Câu có danh mục: ghi số.</p>"
            f'<table><thead><tr><th class="no">Câu</th><th></th>{columns}</tr></thead><tbody>'
        )

    def _heading(self, label: str, skip: str, *, in_grid: bool) -> str:
        if in_grid:
            return f'<tr class="part"><td colspan="{self.people + 2}">{label} {skip}</td></tr>'
        return f"<h2>{label}</h2>{skip}"

    def _note(self, place: Place, *, in_grid: bool) -> str:
        text = f"{self._text(place.row, 'label')} {self._skip(place)}"
        return f'<tr><td colspan="{self.people + 2}">{text}</td></tr>' if in_grid else f'<div class="note">{text}</div>'

    def _row(self, place: Place) -> str:
        choices = self._choices(place)
        legend = "; ".join(f"<b>{one.number}</b> {one.label}" for one in choices)
        if place.kind in SELECTS and not choices:
            legend = _IN_LOOKUP
        cell = '<td class="tall"></td>' if place.kind in ("text", *FROM_FILE) else "<td></td>"
        return (
            f'<tr><td class="number">{self.numbers[place.name]}</td><td>{self._asked(place)}'
            f"{f'<div>{legend}</div>' if legend else ''}</td>{cell * self.people}</tr>"
        )

    def _question(self, place: Place) -> str:
        return (
            f'<div class="question"><div class="number">{self.numbers[place.name]}</div>'
            f"<div>{self._asked(place)}{self._answer(place)}</div></div>"
        )

    def _asked(self, place: Place) -> str:
        row = place.row
        star = " *" if row.get("required") == "yes" else ""
        hint = self._text(row, "hint")
        beside = f' <span class="hint">{hint}</span>' if hint else ""
        return f"<div>{self._text(row, 'label')}{star}{beside}</div>{self._skip(place)}"

    def _answer(self, place: Place) -> str:
        match place.kind:
            case "select_one" | "select_multiple":
                mark = "ring" if place.kind == "select_one" else "box"
                choices = self._choices(place)
                if not choices:
                    return f'<div class="blank">{_IN_LOOKUP}</div>'
                ticks = (
                    f'<span><span class="{mark}"></span><span class="code">{one.number}</span>{one.label}</span>'
                    for one in choices
                )
                return f'<div class="answers">{"".join(ticks)}</div>'
            case "acknowledge":
                return _tick("Đã làm")
            case "image":
                return _tick("Đã chụp; ảnh thêm khi nhập")
            case "date":
                return _fields("Ngày", "tháng", "năm")
            case "geopoint":
                return _fields("Vĩ độ", "Kinh độ", "Sai số (m)")
            case kind if kind in FROM_FILE:
                return '<div class="blank">Tên, mã</div>'
            case "text" if "multiline" in place.row.get("appearance"):
                return '<div class="lines"></div>'
            case _:
                return '<div class="blank"></div>'

    def _choices(self, place: Place) -> list[_Choice]:
        """The answers to print beside a question; a long list goes to the end of the sheet and gives none."""
        if place.kind not in SELECTS:
            return []
        choices = [
            _Choice(row.get("name") if row.get("name").isdigit() else str(number), self._text(row, "label"))
            for number, row in enumerate(self.source.lists.get(place.argument, []), start=1)
        ]
        if len(choices) <= _LONG:
            return choices
        self.lookups[self._text(place.row, "label")] = choices
        return []

    def _lookup_lists(self) -> str:
        return "".join(
            f'<section><h2>Danh mục: {title}</h2><div class="lookup">'
            + "".join(f"<div><b>{one.number}</b> {one.label}</div>" for one in choices)
            + "</div></section>\n"
            for title, choices in self.lookups.items()
        )

    def _skip(self, place: Place) -> str:
        """When the row is to be filled in, as a line of its own; '' when always."""
        said = place.row.get(f"guidance_hint::{_VI}")
        if not said and place.row.get("relevant"):
            try:
                words = in_words(place.row.get("relevant"), self._subject)
            except Unspeakable as error:
                raise self.file.error(
                    place.row.line,
                    f"`{error}` in relevant has no words on paper; say in guidance_hint when to fill in `{place.name}`",
                ) from None
            said = f"Chỉ ghi khi {words}." if words else ""
        return f'<div class="skip">{escape(said)}</div>' if said else ""

    def _subject(self, name: str) -> Subject | None:
        if name in _KNOWN_TO_PEOPLE:
            return _KNOWN_TO_PEOPLE[name]
        if name not in self.numbers:
            return None
        place = self.source.by_name[name]
        answers = {row.get("name"): row.get(f"label::{_VI}") for row in self.source.lists.get(place.argument, [])}
        return Subject(f"câu {self.numbers[name]}", answers, always=place.row.get("required") == "yes")

    def _is_question(self, place: Place) -> bool:
        kinds = (*_COMPUTED, *BEGIN, "end_group", "end_repeat", "note")
        return place.kind not in kinds and place.name not in _PHONE_ONLY

    def _is_for_people(self, place: Place) -> bool:
        """Whether a note says the same on paper: it shows nothing that the phone computes or looks up."""
        text = place.row.get(f"label::{_VI}") + place.row.get("relevant")
        return "instance(" not in text and "{{show" not in text and not self.unseen & set(_REFERENCE.findall(text))

    def _text(self, row: Row, column: str) -> str:
        """A text for people, escaped; a question that it quotes is named by its number."""
        text = row.get(f"{column}::{_VI}").replace("{{review_day}}", f"{self.constants.review_date:%d/%m/%Y}")

        def named(match: re.Match[str]) -> str:
            number = self.numbers.get(match[1])
            return f"(câu {number})" if number else "…"

        return escape(_REFERENCE.sub(named, text))


def _tick(label: str) -> str:
    return f'<div class="answers"><span><span class="box"></span><span></span>{label}</span></div>'


def _fields(*names: str) -> str:
    return '<div class="fields">' + "".join(f'<div class="blank">{name}</div>' for name in names) + "</div>"
