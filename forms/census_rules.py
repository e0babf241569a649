"""The house rules of this census: inputs of the standards, personal data, lists, photos, paradata, entity lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from forms.errors import FormError
from forms.expressions import references
from forms.findings import Finding, from_error
from forms.inputs import answers_by_rule
from forms.lists import ENTITY_LISTS, FILE_LISTS
from forms.personal import LISTS_WITH_NAMED_PEOPLE, PERSONAL
from forms.source import lists_of
from forms.survey import FROM_FILE, SELECTS, Place, Source, near
from poverty import frames
from poverty.questions import QUESTIONS
from poverty.xpath import REPEAT

#: A longer list goes to the phone as a file: inside the form it slows its opening.
LONGEST_INLINE_LIST = 200
#: Photos are made this small on the phone, longer side in pixels.
MOST_PIXELS = 1024
#: What every form records about its filling, and the parameters of its audit.
METADATA = ("start", "end", "deviceid", "audit")
AUDIT_PARAMETERS = ("track-changes=true", "location-priority=", "location-min-interval=", "location-max-age=")
#: Entity lists that the server owns: forms read them and never save to them.
OWNED_LISTS = frozenset({"households", "backchecks"})
#: What says whose a row is: the one access rule at Central, repeated in every filter.
ASSIGNMENT = "assignment_key"


def inputs(of: Source) -> Iterator[Finding]:
    """Where the phone computes a standard, every answer that a rule reads is asked, in its scope, with its codes."""
    if not of.has_calculations:
        return
    readers: dict[str, list[str]] = {}
    for standard in of.standards:
        for rule, read in answers_by_rule(standard).items():
            for name in read:
                readers.setdefault(name, []).append(f"{standard.id}:{rule}")
    last = of.rows("survey")[-1].line
    for name, rules in sorted(readers.items()):
        place = of.by_name.get(name)
        if place is None:
            yield of.finding(
                "input",
                last,
                f"thiếu câu hỏi `{name}` mà {', '.join(rules)} cần; thêm vào phiếu",
                f"the question `{name}` is missing, which {', '.join(rules)} reads; add it",
            )
        elif name in QUESTIONS:
            yield from _fits(of, place, rules)


def _fits(of: Source, place: Place, rules: list[str]) -> Iterator[Finding]:
    question, line, name = QUESTIONS[place.name], place.row.line, place.name
    scope = "member" if place.repeat == REPEAT else "household"
    if scope != question.scope:
        where_vi, where_en = ("trong", "inside") if question.scope == "member" else ("ngoài", "outside")
        yield of.finding(
            "input",
            line,
            f"`{name}` phải ở {where_vi} nhóm lặp {REPEAT}: {', '.join(rules)} đọc ở đó",
            f"`{name}` must stand {where_en} the repeat {REPEAT}: {', '.join(rules)} reads it there",
        )
    kinds = {"choice": ("select_one",), "multiple": ("select_multiple",), "number": ("integer", "decimal")}
    if place.kind == "calculate":
        return
    if place.kind not in kinds[question.kind]:
        wanted = " / ".join(kinds[question.kind])
        yield of.finding(
            "input",
            line,
            f"`{name}` phải có kiểu {wanted}: {', '.join(rules)} đọc nó",
            f"`{name}` must be of type {wanted}: {', '.join(rules)} reads it",
        )
    elif question.kind != "number":
        offered = {row.get("name") for row in of.lists.get(place.argument, [])}
        missing, beyond = sorted(set(question.known) - offered), sorted(offered - {*question.known, frames.DK})
        if missing or beyond:
            yield of.finding(
                "input",
                line,
                f"danh sách `{place.argument}` của `{name}`: thiếu {missing or '-'}, thừa {beyond or '-'}",
                f"the list `{place.argument}` of `{name}`: missing {missing or '-'}, not known {beyond or '-'}",
            )


def personal_names(of: Source) -> Iterator[Finding]:
    """Nothing personal in the name of a filled form, nor in what the form writes to an entity list."""
    said: list[tuple[int, str, str]] = [
        (row.line, "instance_name", row.get("instance_name")) for row in of.rows("settings")
    ]
    said += [(row.line, "entities: label", row.get("label")) for row in of.rows("entities")]
    saved = [place for place in of.places if place.row.get("save_to")]
    said += [(place.row.line, f"save_to {place.row.get('save_to')}", f"${{{place.name}}}") for place in saved]
    for line, where, text in said:
        for name in sorted(_personal_in(of, text, set())):
            yield of.finding(
                "personal",
                line,
                f"{where}: chứa dữ liệu cá nhân `{name}`; tên phiếu và danh sách lộ ra ngoài phiếu, chỉ dùng mã",
                f"{where}: holds personal data `{name}`; names and lists are seen outside the form, use codes only",
            )


def _personal_in(of: Source, text: str, seen: set[str]) -> set[str]:
    """Personal leaves that a text shows, through whatever is computed on the way."""
    found = {name for name in PERSONAL if f"/{name}" in text}  # a column of a list that is looked up
    for name in references(text):
        if name in PERSONAL:
            found.add(name)
        elif name not in seen:
            seen.add(name)
            place = of.by_name.get(name)
            if place is None:
                continue
            if "choice-name" in text and place.argument.removesuffix(".csv") in LISTS_WITH_NAMED_PEOPLE:
                found.add(name)
            found |= _personal_in(of, place.row.get("calculation"), seen)
    return found


def lists(of: Source) -> Iterator[Finding]:
    """Lists are known, used, free of doubles and short; every list of a question exists."""
    used: dict[str, int] = {}
    for place in of.places:
        if place.kind in SELECTS:
            name = place.argument.split(" ")[0]
            used.setdefault(name, place.row.line)
            if name not in of.lists:
                vi, en = near(name, of.lists)
                yield of.finding(
                    "list",
                    place.row.line,
                    f"`{place.name}`: không có danh sách `{name}` trong bảng choices{vi}",
                    f"`{place.name}`: there is no list `{name}` in the sheet choices{en}",
                )
    for name, rows in of.lists.items():
        if name not in used and not any(f"instance('{name}')" in text for _, _, text in of.expressions()):
            yield of.finding(
                "unused_choice",
                rows[0].line,
                f"danh sách `{name}` không câu hỏi nào dùng; bỏ đi",
                f"the list `{name}` is used by no question; take it out",
            )
        if len(rows) > LONGEST_INLINE_LIST:
            yield of.finding(
                "long_list",
                rows[0].line,
                f"danh sách `{name}` có {len(rows)} dòng; quá {LONGEST_INLINE_LIST} thì để ra tệp .csv",
                f"the list `{name}` has {len(rows)} rows; beyond {LONGEST_INLINE_LIST} it belongs into a .csv file",
            )
        codes: dict[str, int] = {}
        for row in rows:
            code = row.get("name")
            if not code or " " in code or code in codes:
                yield of.finding(
                    "choice",
                    row.line,
                    f"danh sách `{name}`: mã `{code}` trống, có dấu cách hoặc đã có; mỗi ý một mã riêng",
                    f"the list `{name}`: the code `{code}` is blank, has a space or stands twice; one code each",
                )
            codes[code] = row.line
    try:
        lists_of(of.source)
    except FormError as error:
        yield from from_error("list", of.source.path.name, error)


def filters(of: Source) -> Iterator[Finding]:
    """A filter speaks of columns that the list has; a list of households shows each person her own alone."""
    held = {name: {"name", "label", *columns} for name, columns in (FILE_LISTS | ENTITY_LISTS).items()}
    for row, column, expression in of.parsed:
        if column != "choice_filter":
            continue
        place = of.by_name[row.get("name")]
        list_name = place.argument.split(" ")[0].removesuffix(".csv")
        if place.kind in FROM_FILE and list_name in held:
            known = held[list_name]
        else:
            known = {key for one in of.lists.get(list_name, []) for key in one.cells}
        for name in expression.names:
            if name not in known:
                vi, en = near(name, known)
                yield of.finding(
                    "filter",
                    row.line,
                    f"choice_filter: danh sách `{list_name}` không có cột `{name}`{vi}",
                    f"choice_filter: the list `{list_name}` has no column `{name}`{en}",
                )
    for place in of.places:
        list_name = place.argument.split(" ")[0].removesuffix(".csv")
        if place.kind in FROM_FILE and list_name in OWNED_LISTS and ASSIGNMENT not in place.row.get("choice_filter"):
            yield of.finding(
                "assignment",
                place.row.line,
                f"`{place.name}`: choice_filter phải có {ASSIGNMENT} = ${{enumerator}}; máy ngoại tuyến giữ dòng cũ",
                f"`{place.name}`: choice_filter must have {ASSIGNMENT} = ${{enumerator}}; a phone keeps old rows",
            )


def entities(of: Source) -> Iterator[Finding]:
    """A form saves to entity lists that there are, to their properties, and never to one that the server owns."""
    saved_lists = []
    for row in of.rows("entities"):
        name = row.get("list_name") or row.get("dataset")
        saved_lists.append(name)
        if name in OWNED_LISTS:
            yield of.finding(
                "entity_owner",
                row.line,
                f"danh sách `{name}` do máy chủ giữ; phiếu không được ghi vào",
                f"the list `{name}` is owned by the server; no form saves to it",
            )
        elif name not in ENTITY_LISTS:
            vi, en = near(name, ENTITY_LISTS)
            yield of.finding(
                "entity_list",
                row.line,
                f"không có danh sách đối tượng `{name}`{vi}",
                f"there is no entity list `{name}`{en}",
            )
    properties = {name for one in saved_lists for name in ENTITY_LISTS.get(one, ())}
    for place in of.places:
        saved = place.row.get("save_to")
        if saved and saved not in properties:
            vi, en = near(saved, properties)
            yield of.finding(
                "entity_list",
                place.row.line,
                f"save_to: danh sách {', '.join(saved_lists) or '-'} không có thuộc tính `{saved}`{vi}",
                f"save_to: the list {', '.join(saved_lists) or '-'} has no property `{saved}`{en}",
            )


def photos(of: Source) -> Iterator[Finding]:
    """Every image is made small on the phone."""
    for place in of.places:
        if place.kind != "image":
            continue
        given = dict(part.split("=", 1) for part in place.row.get("parameters").split() if "=" in part)
        pixels = given.get("max-pixels", "")
        if not pixels.isdigit() or int(pixels) > MOST_PIXELS:
            yield of.finding(
                "photo",
                place.row.line,
                f"`{place.name}`: ghi max-pixels={MOST_PIXELS} (hoặc nhỏ hơn) vào cột parameters",
                f"`{place.name}`: write max-pixels={MOST_PIXELS} (or less) into the column parameters",
            )


def paradata(of: Source) -> Iterator[Finding]:
    """Every form records start, end, device and an audit with places and changes."""
    kinds = {place.kind: place for place in of.places}
    first = of.source.survey.line
    for kind in METADATA:
        if kind not in kinds:
            yield of.finding("paradata", first, f"thiếu dòng kiểu {kind}; thêm vào", f"a row of type {kind} is missing")
    if "audit" in kinds:
        row = kinds["audit"].row
        missing = [part for part in AUDIT_PARAMETERS if part not in row.get("parameters")]
        if missing:
            yield of.finding(
                "paradata",
                row.line,
                f"audit thiếu tham số {' '.join(missing)}; ghi vào cột parameters",
                f"the audit lacks {' '.join(missing)}; write it into the column parameters",
            )


def editable(of: Source) -> Iterator[Finding]:
    """A sent form can be opened again on the phone that sent it."""
    for row in of.rows("settings"):
        if row.get("client_editable") != "yes":
            yield of.finding(
                "client_editable",
                row.line,
                "client_editable phải là yes: phiếu bị trả lại được sửa ngay trên máy",
                "client_editable must be yes: a returned interview is mended on the phone",
            )


def renames(of: Source) -> Iterator[Finding]:
    """A question's former name stays as a hidden row, and is one question's; a former code is gone from its list.

    Central's OData gives the fields of the form published last: without its row an earlier answer could not be read.
    """
    claims: set[str] = set()
    for place in of.places:
        for former in place.row.get("renamed_from").split():
            left = of.by_name.get(former)
            if former in claims or (left is not None and left.kind != "hidden"):
                yield of.finding(
                    "renamed_from",
                    place.row.line,
                    f"renamed_from: `{former}` vẫn được hỏi trong phiếu hoặc đã là tên cũ của câu khác",
                    f"renamed_from: `{former}` is still asked in the form, or is another question's former name",
                )
            elif left is None:
                yield of.finding(
                    "renamed_from",
                    place.row.line,
                    f"renamed_from: giữ một dòng kiểu hidden tên `{former}` ở chỗ cũ, để câu trả lời cũ còn đọc được",
                    f"renamed_from: keep a row of type hidden named `{former}` where it stood, for earlier answers",
                )
            claims.add(former)
    for name, rows in of.lists.items():
        codes = {row.get("name") for row in rows}
        formers = [(former, row) for row in rows for former in row.get("renamed_from").split()]
        for index, (former, row) in enumerate(formers):
            if former in codes or former in [one for one, _ in formers[:index]]:
                yield of.finding(
                    "renamed_from",
                    row.line,
                    f"renamed_from: mã `{former}` vẫn có trong danh sách `{name}` hoặc đã là mã cũ của ý khác",
                    f"renamed_from: the code `{former}` still stands in `{name}`, or is another choice's former code",
                )


RULES: tuple[Callable[[Source], Iterator[Finding]], ...] = (
    inputs,
    personal_names,
    lists,
    filters,
    entities,
    photos,
    paradata,
    editable,
    renames,
)
