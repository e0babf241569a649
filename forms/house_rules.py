"""The house rules that hold for any form: each looks at a source and names every place where it does not hold.

They need neither Java nor a round. What only the engine can tell is left to ODK Validate (`forms.check`); what this
census asks of its forms beyond that is in `forms.census_rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from forms.expressions import CLOCKS, FUNCTIONS, parse, references
from forms.findings import Finding
from forms.survey import BEGIN, END, EXPRESSIONS, LANGUAGES, TYPES, UNSEEN, WORDS, Source, kind_of, near


def structure(of: Source) -> Iterator[Finding]:
    """Groups and repeats that are opened are closed, in their order."""
    yield from of.structure


def types(of: Source) -> Iterator[Finding]:
    """Every row has a type that there is."""
    for place in of.places:
        if place.kind in TYPES:
            continue
        vi, en = near(place.kind, TYPES)
        said = f"`{place.kind}`" if place.kind else "trống"
        yield of.finding(
            "type",
            place.row.line,
            f"kiểu câu hỏi {said} không có{vi}",
            f"there is no type {said if place.kind else '(blank)'}{en}",
        )


def columns(of: Source) -> Iterator[Finding]:
    """Columns are those of an XLSForm: pyxform passes over others in silence, so that `relevent` would hide nothing."""
    words = {f"{word}::{language}" for word in WORDS for language in LANGUAGES}
    known = {
        "survey": {
            *("type", "name", "appearance", "parameters", "bind::type", "save_to", "renamed_from", *words),
            *EXPRESSIONS["survey"],
        },
        "settings": {
            *("form_title", "form_id", "version", "default_language", "client_editable", "instance_name", "style"),
        },
        "entities": {"list_name", "dataset", *EXPRESSIONS["entities"]},
    }
    filters = " ".join(row.get("choice_filter") for row in of.rows("survey"))
    for sheet in of.source.sheets.values():
        allowed = known.get(sheet.name, {"list_name", "name", "renamed_from", *words, *parse(filters).names})
        for column in sheet.header:
            if not column or column in allowed:
                continue
            vi, en = near(column, allowed)
            yield of.finding(
                "column",
                sheet.line,
                f"bảng {sheet.name}: không có cột `{column}`{vi}",
                f"sheet {sheet.name}: there is no column `{column}`{en}",
            )


def names(of: Source) -> Iterator[Finding]:
    """A name stands once in the whole form, also beside what the standard computes; answers have a name."""
    lines: dict[str, int] = {}
    for place in of.places:
        name, line = place.name, place.row.line
        if place.kind == "calculations" or place.kind in END:
            continue
        if not name:
            yield of.finding(
                "name", line, "dòng không có tên; ghi vào cột name", "a row without a name; write one in column name"
            )
        elif name in lines:
            yield of.finding(
                "duplicate_name",
                line,
                f"tên `{name}` đã có ở dòng {lines[name]}; mỗi tên chỉ dùng một lần",
                f"the name `{name}` stands already on line {lines[name]}; names are unique",
            )
        elif name in of.generated:
            yield of.finding(
                "duplicate_name",
                line,
                f"`{name}` là tên của một phép tính của chuẩn nghèo; đặt tên khác",
                f"`{name}` is the name of a calculation of the standard; choose another",
            )
        lines.setdefault(name, line)


def translations(of: Source) -> Iterator[Finding]:
    """Whatever is said to people is said in both languages, with the same answers quoted in it."""
    for sheet in ("survey", "choices"):
        for row in of.rows(sheet):
            kind, _ = kind_of(row) if sheet == "survey" else ("choice", "")
            for word in WORDS:
                said = [row.get(f"{word}::{language}") for language in LANGUAGES]
                must = word == "label" and kind not in (*UNSEEN, *BEGIN) and kind in (*TYPES, "choice")
                for language, text in zip(LANGUAGES, said, strict=True):
                    if not text and (must or any(said)):
                        yield of.finding(
                            "translation",
                            row.line,
                            f"`{row.get('name')}` thiếu {word} bằng {language}; điền cột {word}::{language}",
                            f"`{row.get('name')}` has no {word} in {language}; fill the column {word}::{language}",
                        )
                if all(said) and set(references(said[0])) != set(references(said[1])):
                    yield of.finding(
                        "translation",
                        row.line,
                        f"`{row.get('name')}`: {word} của hai ngôn ngữ nhắc các câu trả lời khác nhau",
                        f"`{row.get('name')}`: the {word}s of the two languages quote different answers",
                    )


def messages(of: Source) -> Iterator[Finding]:
    """Every constraint says in both languages what is wrong and what to do; a message has a constraint."""
    for row in of.rows("survey"):
        said = [language for language in LANGUAGES if row.get(f"constraint_message::{language}")]
        if row.get("constraint") and not said:
            yield of.finding(
                "message",
                row.line,
                f"`{row.get('name')}` có ràng buộc mà không có lời báo; điền constraint_message cả hai ngôn ngữ",
                f"`{row.get('name')}` has a constraint without a message; fill constraint_message in both languages",
            )
        if said and not row.get("constraint"):
            yield of.finding(
                "message",
                row.line,
                f"`{row.get('name')}` có lời báo mà không có ràng buộc; thêm constraint hoặc bỏ lời báo",
                f"`{row.get('name')}` has a message without a constraint; add the constraint or drop the message",
                "warning",
            )


def functions(of: Source) -> Iterator[Finding]:
    """Expressions can be read, and call functions that the phone has, with the arguments these take."""
    for row, column, expression in of.parsed:
        for fault in expression.faults:
            yield of.finding(
                "expression",
                row.line,
                f"{column}: không đọc được biểu thức: {fault}",
                f"{column}: the expression cannot be read: {fault}",
            )
        for call in expression.calls:
            if call.name not in FUNCTIONS:
                vi, en = near(call.name, FUNCTIONS)
                yield of.finding(
                    "function",
                    row.line,
                    f"{column}: không có hàm `{call.name}()`{vi}",
                    f"{column}: there is no function `{call.name}()`{en}",
                )
                continue
            fewest, most = FUNCTIONS[call.name]
            if call.arguments < fewest or (most is not None and call.arguments > most):
                wanted = str(fewest) if fewest == most else f"{fewest}-{'…' if most is None else most}"
                yield of.finding(
                    "function",
                    row.line,
                    f"{column}: `{call.name}()` nhận {wanted} tham số, ở đây có {call.arguments}",
                    f"{column}: `{call.name}()` takes {wanted} arguments, here are {call.arguments}",
                )


def clocks(of: Source) -> Iterator[Finding]:
    """No expression reads the phone's clock: ages and windows count from the review date, and clocks are wrong."""
    for row, column, expression in of.parsed:
        for call in expression.calls:
            if call.name in CLOCKS:
                yield of.finding(
                    "clock",
                    row.line,
                    f"{column}: `{call.name}()` đọc đồng hồ của máy; dùng ${{review_date}} hoặc giờ bắt đầu phiếu",
                    f"{column}: `{call.name}()` reads the phone's clock; use ${{review_date}} or the form's start",
                )


def quoted(of: Source) -> Iterator[Finding]:
    """Every `${name}` is the name of a question, group or calculation of this form."""
    known = ({place.name for place in of.places} | set(of.generated)) - {""}
    for sheet in of.source.sheets:
        for row in of.rows(sheet):
            for column, cell in row.cells.items():
                for name in references(cell):
                    if name in known:
                        continue
                    vi, en = near(name, known)
                    yield of.finding(
                        "reference",
                        row.line,
                        f"{column}: không có câu hỏi `{name}`{vi or '; hỏi hoặc tính nó ở đâu đó'}",
                        f"{column}: there is no question `{name}`{en or '; ask it, or compute it, somewhere'}",
                    )


def cycles(of: Source) -> Iterator[Finding]:
    """No calculation or condition hangs on itself, by whatever way round: the engine would refuse the form."""
    hangs_on: dict[str, set[str]] = {name: set(references(text)) for name, text in of.generated.items()}
    for place in of.places:
        if place.name and place.kind != "calculations":
            texts = [place.row.get(column) for column in ("calculation", "relevant")]
            around = [of.by_name[name].row.get("relevant") for name in place.groups if name in of.by_name]
            hangs_on.setdefault(place.name, set()).update(*(references(text) for text in (*texts, *around)))
    done: set[str] = set()
    for start in hangs_on:
        circle = _circle(start, hangs_on, done)
        if circle:
            line = next((of.by_name[name].row.line for name in circle if name in of.by_name), 0)
            way = " -> ".join((*circle, circle[0]))
            yield of.finding(
                "cycle",
                line,
                f"công thức và điều kiện chạy vòng: {way}; bỏ một mắt xích",
                f"calculations and conditions run in a circle: {way}; take one link out",
            )


def _circle(start: str, hangs_on: dict[str, set[str]], done: set[str]) -> tuple[str, ...]:
    """The names of a circle that can be reached from `start`, () for none; what was looked through is `done`."""
    way: list[str] = []
    stack: list[tuple[str, Iterator[str]]] = []
    if start in done:
        return ()
    stack.append((start, iter(sorted(hangs_on.get(start, ())))))
    way.append(start)
    while stack:
        name, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            stack.pop()
            way.pop()
            done.add(name)
        elif following in way:
            circle = way[way.index(following) :]
            done.update(way)
            return tuple(circle)
        elif following not in done:
            stack.append((following, iter(sorted(hangs_on.get(following, ())))))
            way.append(following)
    return ()


RULES: tuple[Callable[[Source], Iterator[Finding]], ...] = (
    structure,
    types,
    columns,
    names,
    translations,
    messages,
    functions,
    clocks,
    quoted,
    cycles,
)
