"""What a new form changes against an old one, by meaning and not by text, each change with its grade.

- `safe`: wording, order, appearance. Answers of both versions mean the same.
- `new_version`: both versions' answers are kept and one frame holds both, but they were not asked alike: a question
  added, a condition, a constraint, a calculation, a choice added, a rename that is recorded.
- `would_lose_data`: answers already given have no place or no meaning in the new form, or Central refuses it: a
  question or choice removed, a code that now means something else, a type changed under the same name, a question
  moved to another group.

Central's OData gives the fields of the version published last and no others, each by its path: an earlier answer is
read as long as its leaf stands where it stood. So a question that is renamed, moved or no longer asked leaves a row of
type `hidden` with its former name in its former place; the new one names it in `renamed_from` (`forms.versions`). A
rename is recognised by that alone. A question that vanishes while another of the same kind, wording and repeat appears
is reported as a rename that is not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import Any, Literal, cast

from forms.model import COMPUTED, HIDDEN, METADATA, NOTE, ChoiceList, EntitySave, Form, Question, Words
from forms.xform import read_xform
from poverty.standard import shipped_standards
from poverty.xpath import calculations

Grade = Literal["safe", "new_version", "would_lose_data"]
GRADES: tuple[Grade, ...] = ("safe", "new_version", "would_lose_data")


@dataclass(frozen=True)
class Change:
    """One change: its kind (`question_removed`, ...), what it concerns, its grade, and the reason in both languages."""

    kind: str
    name: str
    grade: Grade
    vi: str
    en: str
    old: str = ""
    new: str = ""


@dataclass(frozen=True)
class Diff:
    """All changes of one form, the gravest first."""

    form_id: str
    old_version: str
    new_version: str
    changes: tuple[Change, ...]

    @property
    def worst(self) -> Grade | None:
        """The gravest grade; None when nothing changed."""
        return self.changes[0].grade if self.changes else None

    def of_grade(self, grade: Grade) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.grade == grade)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"worst": self.worst}


#: kind -> what happened, in both languages; why it has its grade is said where the grade is given.
_WORDS: dict[str, tuple[str, str]] = {
    "form_id": (
        "mã phiếu khác: Central coi là phiếu khác, phiếu đã gửi ở lại phiếu cũ",
        "another form id: for Central another form, what was sent stays with the old one",
    ),
    "title": ("tên phiếu", "title of the form"),
    "languages": ("ngôn ngữ của phiếu", "languages of the form"),
    "instance_name": ("tên của phiếu đã điền", "name of a filled form"),
    "client_editable": ("sửa phiếu đã gửi ngay trên máy", "editing a sent form on the phone"),
    "question_added": (
        "câu hỏi mới; phiếu cũ không có câu trả lời (NA)",
        "a new question; earlier interviews have no answer (NA)",
    ),
    "note_added": ("lời dẫn mới", "a new note"),
    "note_removed": ("bỏ lời dẫn", "a note is gone"),
    "computed_added": ("giá trị máy tính mới", "a new computed value"),
    "computed_removed": (
        "bỏ giá trị máy tính; máy chủ tính lại được",
        "a computed value is gone; the server computes it",
    ),
    "question_removed": (
        "bỏ câu hỏi: Central không còn đưa ra câu trả lời cũ; giữ dòng hidden cùng tên, cùng chỗ",
        "a question is gone: Central no longer gives its earlier answers; keep a hidden row, same name and place",
    ),
    "question_retired": (
        "không hỏi nữa, còn dòng hidden: câu trả lời cũ vẫn đọc được, phiếu mới để trống (NA)",
        "no longer asked, a hidden row stays: earlier answers are still read, later ones are missing (NA)",
    ),
    "question_renamed": (
        "đổi tên, có ghi renamed_from: câu trả lời cũ được đọc theo tên mới",
        "renamed, recorded in renamed_from: earlier answers are read under the new name",
    ),
    "rename_unkept": (
        "đổi tên mà không giữ chỗ cũ: thêm dòng kiểu hidden mang tên cũ, ở nhóm cũ, để Central còn đưa câu trả lời cũ",
        "renamed, but its former place is gone: add a row of type hidden with the former name, in its former group",
    ),
    "rename_unrecorded": (
        "có vẻ đổi tên mà không ghi: ghi tên cũ vào cột renamed_from của câu mới và giữ dòng hidden mang tên cũ",
        "looks renamed but is not recorded: write the old name into renamed_from and keep it as a row of type hidden",
    ),
    "question_retyped": ("đổi kiểu câu hỏi", "the kind of question changed"),
    "type_refused": (
        "đổi kiểu dữ liệu dưới cùng tên: Central từ chối; đặt tên mới và ghi renamed_from",
        "another data type under the same name: Central refuses it; give it a new name and write renamed_from",
    ),
    "repeat_changed": (
        "chuyển vào hoặc ra khỏi nhóm lặp: câu trả lời cũ thuộc bảng khác",
        "moved into or out of a repeat: earlier answers belong to another table",
    ),
    "question_moved": (
        "chuyển nhóm: Central chỉ đưa ra câu trả lời ở chỗ mới; để yên, hoặc đổi tên và giữ dòng hidden ở chỗ cũ",
        "moved to another group: Central gives answers of the new place alone; leave it, or rename it and keep the old "
        "one as hidden",
    ),
    "order": ("thứ tự câu hỏi", "order of the questions"),
    "label": ("lời câu hỏi", "wording of the question"),
    "hint": ("lời gợi ý", "wording of the hint"),
    "message": ("lời báo lỗi", "wording of the constraint's message"),
    "appearance": ("cách hiển thị", "appearance"),
    "parameters": ("tham số", "parameters"),
    "required": ("bắt buộc trả lời", "whether an answer is required"),
    "relevant": ("điều kiện hỏi: không cùng những hộ được hỏi", "when it is asked: not the same households are asked"),
    "constraint": (
        "ràng buộc: câu trả lời cũ có thể không còn hợp lệ",
        "constraint: earlier answers may not satisfy it",
    ),
    "calculation": ("công thức máy tính", "calculation"),
    "default": ("giá trị ban đầu", "value at the beginning"),
    "filter": ("điều kiện lọc danh sách", "filter of the list"),
    "list_changed": ("danh sách trả lời khác", "another list of answers"),
    "save_to": ("thuộc tính lưu vào danh sách đối tượng", "entity property it is saved to"),
    "count": ("số lần lặp", "how often the repeat is asked"),
    "group_label": ("tên nhóm", "label of the group"),
    "group_appearance": ("cách hiển thị nhóm", "appearance of the group"),
    "list_needed": ("phiếu cần thêm danh sách trên máy", "the form needs one more list on the phone"),
    "list_not_needed": ("phiếu không cần danh sách này nữa", "the form no longer needs this list"),
    "choice_added": ("thêm ý trả lời; phiếu cũ chưa có ý này", "a new choice; earlier interviews were not offered it"),
    "choice_removed": (
        "bỏ ý trả lời: câu trả lời đã chọn ý này thành ngoài danh sách",
        "a choice is gone: answers that chose it are outside the list",
    ),
    "choice_renamed": (
        "đổi mã, có ghi renamed_from: mã cũ được đọc thành mã mới",
        "another code, recorded in renamed_from: the old code is read as the new",
    ),
    "choice_relabelled": ("lời của ý trả lời", "wording of a choice"),
    "choice_reused": (
        "mã này nay mang lời của một mã khác trước đây: câu trả lời cũ đổi nghĩa",
        "the code now carries the words of another code: earlier answers change their meaning",
    ),
    "choice_order": ("thứ tự ý trả lời", "order of the choices"),
    "entity_save_added": ("phiếu lưu vào danh sách đối tượng", "the form saves to an entity list"),
    "entity_save_removed": (
        "phiếu không còn lưu vào danh sách đối tượng; danh sách không được cập nhật nữa",
        "the form no longer saves to the entity list, which is not updated any more",
    ),
    "entity_save_changed": ("điều kiện lưu vào danh sách đối tượng", "when and what is saved to the entity list"),
}


def compare(old: str | Form, new: str | Form) -> Diff:
    """Compare two forms, each given as the text of an XForm or already read (`forms.reading.read_form`).

    The version alone is no change. Raises FormError when a text is not an XForm.
    """
    before, after = (read_xform(form) if isinstance(form, str) else form for form in (old, new))
    changes = [*_of_settings(before, after), *_of_questions(before, after)]
    changes += [*_of_groups(before, after), *_of_lists(before, after), *_of_entities(before, after)]
    changes.sort(key=lambda change: -GRADES.index(change.grade))
    return Diff(after.id, before.version, after.version, tuple(changes))


def _change(kind: str, name: str, grade: Grade, old: object = "", new: object = "") -> Change:
    vi, en = _WORDS[kind]
    return Change(kind, name, grade, vi, en, _shown(old), _shown(new))


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return " | ".join(f"{language}: {text}" if language else str(text) for language, text in value.items())
    if isinstance(value, tuple):
        return " ".join(str(item) for item in value)
    return str(value)


def _of_settings(old: Form, new: Form) -> Iterator[Change]:
    if old.id != new.id:
        yield _change("form_id", new.id, "would_lose_data", old.id, new.id)
    if old.title != new.title:
        yield _change("title", new.id, "safe", old.title, new.title)
    if set(old.languages) != set(new.languages):
        yield _change("languages", new.id, "safe", old.languages, new.languages)
    if not _same(old.instance_name, new.instance_name):
        yield _change("instance_name", new.id, "safe", old.instance_name, new.instance_name)
    if old.client_editable != new.client_editable:
        yield _change("client_editable", new.id, "new_version", old.client_editable, new.client_editable)


def _of_questions(old: Form, new: Form) -> Iterator[Change]:
    renamed = {
        former: question.name
        for question in new.questions.values()
        for former in question.renamed_from
        if question.name not in old.questions
        and former in old.questions
        and old.questions[former].kind != HIDDEN
        and (former not in new.questions or new.questions[former].kind == HIDDEN)
    }
    removed = [name for name in old.questions if name not in new.questions and name not in renamed]
    former_names = {former for question in new.questions.values() for former in question.renamed_from}
    known = {*old.questions, *renamed.values(), *former_names}
    added = [name for name in new.questions if name not in known]
    for gone in list(removed):
        twins = [name for name in added if _looks_renamed(old.questions[gone], new.questions[name])]
        if len(twins) == 1:
            yield _change("rename_unrecorded", twins[0], "would_lose_data", gone, twins[0])
            removed.remove(gone)
            added.remove(twins[0])
    for name in removed:
        yield _removed(old.questions[name])
    for name in added:
        yield _added(new.questions[name])
    pairs = [(name, renamed.get(name, name)) for name in old.questions if renamed.get(name, name) in new.questions]
    for before, after in pairs:
        if before != after:
            kept = _keeps_its_place(old.questions[before], new.questions.get(before))
            kind, grade = ("question_renamed", "new_version") if kept else ("rename_unkept", "would_lose_data")
            yield _change(kind, after, cast(Grade, grade), before, after)
        yield from _of_question(old, old.questions[before], new, new.questions[after])
    yield from _of_order([after for _, after in pairs], list(new.questions))


def _keeps_its_place(old: Question, left: Question | None) -> bool:
    """Whether the row left under a former name lets Central give its earlier answers: its path, as text or its type."""
    return left is not None and left.groups == old.groups and left.type in ("string", old.type)


def _looks_renamed(gone: Question, come: Question) -> bool:
    if not gone.is_answer or not gone.label:
        return False
    return (gone.kind, gone.label, gone.repeat) == (come.kind, come.label, come.repeat)


def _removed(question: Question) -> Change:
    if question.is_answer:
        return _change("question_removed", question.name, "would_lose_data", question.label)
    if question.kind == NOTE:
        return _change("note_removed", question.name, "safe", question.label)
    grade: Grade = "new_version" if _comes_again(question) else "would_lose_data"
    return _change("computed_removed", question.name, grade, question.calculation or question.kind)


def _comes_again(question: Question) -> bool:
    """Whether the server has the value without the form: what a standard computes, what Collect records of itself."""
    return question.name in _of_standards() or question.kind in METADATA


@cache
def _of_standards() -> frozenset[str]:
    return frozenset(one.name for standard in shipped_standards() for one in calculations(standard))


def _added(question: Question) -> Change:
    if question.is_answer:
        return _change("question_added", question.name, "new_version", "", question.label)
    if question.kind == NOTE:
        return _change("note_added", question.name, "safe", "", question.label)
    return _change("computed_added", question.name, "new_version", "", question.calculation or question.kind)


def _of_question(old_form: Form, old: Question, new_form: Form, new: Question) -> Iterator[Change]:
    name = new.name
    if old.repeat != new.repeat:
        yield _change("repeat_changed", name, "would_lose_data", old.groups, new.groups)
    elif old.name == new.name and old.groups != new.groups and old.kind != NOTE:
        grade: Grade = "new_version" if _comes_again(old) else "would_lose_data"
        yield _change("question_moved", name, grade, old.groups, new.groups)
    stays = (old.name, old.groups) == (new.name, new.groups)
    if stays and new.type not in ("string", old.type):
        # Central keeps one type per path for good and allows only a change to text (checkFieldDowncast in its forms).
        yield _change("type_refused", name, "would_lose_data", f"{old.kind} ({old.type})", f"{new.kind} ({new.type})")
    elif old.is_answer and new.kind == HIDDEN:
        yield _change("question_retired", name, "new_version", old.label)
        return
    elif old.kind != new.kind:
        yield _change("question_retyped", name, _grade_of_kinds(old, new), old.kind, new.kind)
    for kind in ("label", "hint", "message", "appearance", "parameters"):
        if getattr(old, kind) != getattr(new, kind):
            yield _change(kind, name, "safe", getattr(old, kind), getattr(new, kind))
    for kind in ("required", "relevant", "constraint", "calculation", "default", "filter", "save_to"):
        if not _same(getattr(old, kind), getattr(new, kind)):
            yield _change(kind, name, "new_version", getattr(old, kind), getattr(new, kind))
    if old.list != new.list and old.list and new.list:
        before, after = old_form.lists[old.list], new_form.lists[new.list]
        yield _change("list_changed", name, _grade_of_lists(before, after), old.list, new.list)


def _grade_of_kinds(old: Question, new: Question) -> Grade:
    """What becomes of the answers: one of several still is one, and anything can be read as text."""
    if not old.is_answer or new.kind in (COMPUTED, "text"):
        return "new_version"  # nobody's answer, or the value is kept as it is and now computed or typed
    kept = {("select_one", "select_multiple"), ("integer", "decimal"), ("integer", "range"), ("range", "integer")}
    return "new_version" if (old.kind, new.kind) in kept else "would_lose_data"


def _grade_of_lists(old: ChoiceList, new: ChoiceList) -> Grade:
    if old.external or new.external:
        return "would_lose_data"  # other codes altogether, as far as anybody can know here
    return "new_version" if set(old.codes) <= set(new.codes) | _former_codes(new) else "would_lose_data"


def _of_order(order: list[str], new_names: list[str]) -> Iterator[Change]:
    held = set(order)
    after = [name for name in new_names if name in held]
    if order == after:
        return
    kept = {
        name
        for block in SequenceMatcher(None, order, after, autojunk=False).get_matching_blocks()
        for name in order[block.a : block.a + block.size]
    }
    yield _change("order", " ".join(name for name in after if name not in kept), "safe")


def _of_groups(old: Form, new: Form) -> Iterator[Change]:
    for name in old.groups:
        if name not in new.groups:
            continue
        before, after = old.groups[name], new.groups[name]
        if before.label != after.label:
            yield _change("group_label", name, "safe", before.label, after.label)
        if before.appearance != after.appearance:
            yield _change("group_appearance", name, "safe", before.appearance, after.appearance)
        for kind in ("relevant", "count"):
            if not _same(getattr(before, kind), getattr(after, kind)):
                yield _change(kind, name, "new_version", getattr(before, kind), getattr(after, kind))


def _of_lists(old: Form, new: Form) -> Iterator[Change]:
    for name, of in new.lists.items():
        if of.external and name not in old.lists:
            yield _change("list_needed", name, "new_version", "", name)
    asked = {question.list for question in old.questions.values()}
    for name, before in old.lists.items():
        after = new.lists.get(name)
        if before.external and after is None:
            yield _change("list_not_needed", name, "new_version", name)
        if after is not None and name in asked and not before.external and not after.external:
            yield from _of_choices(before, after)


def _of_choices(old: ChoiceList, new: ChoiceList) -> Iterator[Change]:
    before = {choice.code: choice for choice in old.choices}
    after = {choice.code: choice for choice in new.choices}
    renamed = {
        former: choice.code
        for choice in new.choices
        for former in choice.renamed_from
        if former in before and former not in after
    }
    for code, choice in before.items():
        place = f"{new.name}/{code}"
        if code in renamed:
            yield _change("choice_renamed", f"{new.name}/{renamed[code]}", "new_version", code, renamed[code])
        elif code not in after:
            yield _change("choice_removed", place, "would_lose_data", choice.label)
        elif choice.label != after[code].label:
            others = [other.label for other in old.choices if other.code != code]
            reused = after[code].label in others
            kind, grade = ("choice_reused", "would_lose_data") if reused else ("choice_relabelled", "safe")
            yield _change(kind, place, cast(Grade, grade), choice.label, after[code].label)
    for code, choice in after.items():
        if code not in before and code not in renamed.values():
            yield _change("choice_added", f"{new.name}/{code}", "new_version", "", choice.label)
    order = [renamed.get(code, code) for code in before if renamed.get(code, code) in after]
    if order != [code for code in after if code in set(order)]:
        yield _change("choice_order", new.name, "safe", tuple(before), tuple(after))


def _former_codes(of: ChoiceList) -> set[str]:
    return {former for choice in of.choices for former in choice.renamed_from}


def _of_entities(old: Form, new: Form) -> Iterator[Change]:
    before, after = ({save.list: save for save in form.entities} for form in (old, new))
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield _change("entity_save_removed", name, "new_version", name)
        elif name not in before:
            yield _change("entity_save_added", name, "new_version", "", name)
        elif before[name] != after[name]:
            yield _change("entity_save_changed", name, "new_version", _of_save(before[name]), _of_save(after[name]))


def _of_save(save: EntitySave) -> Words:
    parts = {"create_if": save.create_if, "update_if": save.update_if, "entity_id": save.entity_id, "label": save.label}
    return {name: value for name, value in parts.items() if value}


def _same(old: str, new: str) -> bool:
    """Whether two expressions read the same but for spaces."""
    return " ".join(old.split()) == " ".join(new.split())
