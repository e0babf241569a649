"""A form by what it means: questions, groups, lists of answers, entity saves, read from its XForm (`forms.xform`).

Expressions are as in a source, with `${name}` for every reference, so that the same condition reads the same wherever
the question stands; texts are by language ('vi', 'en', or the language's name where it has no code).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Words = Mapping[str, str]

#: Kinds of a question that hold no answer of a person.
HIDDEN = "hidden"
METADATA = ("start", "end", "username", "deviceid", "phonenumber", "email", "audit", HIDDEN)
COMPUTED = "calculate"
NOTE = "note"
SELECTS = ("select_one", "select_multiple", "rank")


@dataclass(frozen=True)
class Question:
    """One leaf of the form.

    kind: the type as in a source (text, integer, select_one, image, calculate, note, start, ...); type: that of the
        stored value (string, int, decimal, date, geopoint, binary, ...), which Central holds a path to.
    groups: names of the groups and the repeat around it, outermost first; repeat: the innermost repeat, '' for none.
    relevant: its own condition; those of the groups around it stand with the groups.
    required: '' or 'yes' or an expression; list: the list that a select draws from, with its filter.
    parameters: of the control (`max-pixels`, `start`, ...). renamed_from: its names in earlier versions.
    """

    name: str
    kind: str
    type: str = "string"
    groups: tuple[str, ...] = ()
    repeat: str = ""
    label: Words = field(default_factory=dict)
    hint: Words = field(default_factory=dict)
    relevant: str = ""
    required: str = ""
    constraint: str = ""
    message: Words = field(default_factory=dict)
    calculation: str = ""
    default: str = ""
    list: str = ""
    filter: str = ""
    appearance: str = ""
    parameters: Words = field(default_factory=dict)
    save_to: str = ""
    renamed_from: tuple[str, ...] = ()

    @property
    def is_answer(self) -> bool:
        """Whether a person answers it."""
        return self.kind not in (*METADATA, COMPUTED, NOTE)


@dataclass(frozen=True)
class Group:
    """A group or repeat; `count` says how often a repeat is asked."""

    name: str
    is_repeat: bool
    groups: tuple[str, ...] = ()
    label: Words = field(default_factory=dict)
    relevant: str = ""
    count: str = ""
    appearance: str = ""


@dataclass(frozen=True)
class Choice:
    code: str
    label: Words
    renamed_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChoiceList:
    """A list of answers. One from a file or an entity list (`external`) has no choices here."""

    name: str
    external: bool
    choices: tuple[Choice, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(choice.code for choice in self.choices)


@dataclass(frozen=True)
class EntitySave:
    """The entity list that a submission saves to, and when. Expressions; '' = not given."""

    list: str
    create_if: str = ""
    update_if: str = ""
    entity_id: str = ""
    label: str = ""


@dataclass(frozen=True)
class Form:
    """A form. Questions stand in their order, keyed by name: a name stands once in a form."""

    id: str
    version: str
    title: str
    languages: tuple[str, ...]
    questions: Mapping[str, Question]
    groups: Mapping[str, Group]
    lists: Mapping[str, ChoiceList]
    entities: tuple[EntitySave, ...]
    instance_name: str = ""
    client_editable: bool = False

    def choices(self, question: Question) -> tuple[Choice, ...]:
        """The answers that a question offers from its list; () for an external list."""
        held = self.lists.get(question.list)
        return held.choices if held else ()

    def relevance(self, question: Question) -> tuple[str, ...]:
        """All conditions under which it is asked: of the groups around it, outermost first, then its own."""
        around = [self.groups[name].relevant for name in question.groups if name in self.groups]
        return tuple(condition for condition in (*around, question.relevant) if condition)
