"""Conditions and numbers of a standard in words, in either language: what a rule says, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from poverty import expression as ex
from poverty.questions import Language, Text, answer_name

#: What the codes of a question are called: question -> code -> name.
AnswerWords = Mapping[str, Mapping[str, Text]]

#: Names of codes that no question of the form offers.
AREA_WORDS = {"rural": Text("nông thôn", "rural"), "urban": Text("thành thị", "urban")}

_SAID: dict[str, Text] = {
    "all": Text("tất cả các điều sau", "all of these"),
    "any": Text("ít nhất một trong các điều sau", "at least one of these"),
    "not_all": Text("không phải tất cả các điều sau", "not all of these"),
    "not_any": Text("không có điều nào sau đây", "none of these"),
    "not": Text("không đúng rằng", "it is not so that"),
    "member": Text("có ít nhất một thành viên", "there is at least one member with"),
    "no_member": Text("không có thành viên nào", "there is no member with"),
    "accept": Text(
        "điều đầu, nếu điều sau đúng; nếu không thì là chưa biết", "the first, where the second holds; else unknown"
    ),
    "or": Text("hoặc", "or"),
    "is": Text("là", "is"),
    "is_not": Text("không phải là", "is not"),
    "names": Text("có", "has"),
    "names_not": Text("không có", "has not"),
    "unknown": Text("chưa biết", "unknown"),
    "known": Text("đã biết", "known"),
    "age": Text("tuổi tại ngày rà soát", "age at the review date"),
    "members": Text("số thành viên", "number of members"),
    "per_member": Text("bình quân mỗi thành viên", "per member"),
    "count": Text("số điều đúng trong các điều sau", "how many of these hold"),
    "count_members": Text("số thành viên có điều sau", "number of members with this"),
    "share": Text("tỷ lệ thành viên có điều sau", "share of the members with this"),
    "by": Text("theo", "by"),
}
_SIGNS: dict[ex.Operator, str] = {"<": "<", "<=": "≤", ">": ">", ">=": "≥", "==": "=", "!=": "≠"}


@dataclass(frozen=True)
class Phrase:
    """A line of words, and the lines under it that it speaks of."""

    text: str
    parts: tuple[Phrase, ...] = ()


class Speaker:
    """Says expressions in one language; a code that `answers` has no name for is said as it is written."""

    def __init__(self, language: Language, answers: AnswerWords) -> None:
        self.language = language
        self._answers = {**answers, "area_class": AREA_WORDS}

    def condition(self, node: ex.Condition) -> Phrase:
        """The condition, the parts of which it consists under it."""
        match node:
            case ex.AllOf((only,)) | ex.AnyOf((only,)):
                return self.condition(only)
            case ex.AllOf(conditions):
                return self._list("all", conditions)
            case ex.AnyOf(conditions):
                return self._list("any", conditions)
            case ex.Not(inner):
                return self._not(inner)
            case ex.Accept(value, when):
                return self._list("accept", (value, when))
            case ex.In(question, codes):
                return Phrase(f"{self._name(question)} {self._say('is')} {self._codes(question, codes)}")
            case ex.Selected(question, codes):
                return Phrase(f"{self._name(question)} {self._say('names')} {self._codes(question, codes)}")
            case ex.IsUnknown(question):
                return Phrase(f"{self._name(question)} {self._say('unknown')}")
            case ex.Compare(left, operator, right):
                share = isinstance(left, ex.ShareOfMembers) or isinstance(right, ex.ShareOfMembers)
                first, second = self.number(left, percent=share), self.number(right, percent=share)
                return Phrase(f"{first.text} {_SIGNS[operator]} {second.text}", (*first.parts, *second.parts))
            case ex.AnyMember(where):
                return self._list("member", (where,))

    def number(self, node: ex.Number, *, percent: bool = False) -> Phrase:
        """The number; conditions that it counts under it. `percent`: a number beside a share."""
        match node:
            case ex.Constant(value):
                return Phrase(self.digits(value * 100) + "%" if percent else self.digits(value))
            case ex.Answer(question):
                return Phrase(self._name(question))
            case ex.Age():
                return Phrase(self._say("age"))
            case ex.MemberCount():
                return Phrase(self._say("members"))
            case ex.Sum(terms):
                return self._joined(" + ", [self.number(term) for term in terms], bracket=True)
            case ex.Divide(numerator, ex.MemberCount()):
                top = self.number(numerator)
                return Phrase(f"{top.text} {self._say('per_member')}", top.parts)
            case ex.Divide(numerator, denominator):
                return self._joined(" ÷ ", [self.number(numerator), self.number(denominator)])
            case ex.CountOf(conditions):
                return self._list("count", conditions)
            case ex.CountMembers(where):
                return self._list("count_members", (where,))
            case ex.ShareOfMembers(where):
                return self._list("share", (where,))
            case ex.Lookup(question, values):
                told = "; ".join(f"{self._code(question, code)} {self.digits(value)}" for code, value in values)
                return Phrase(f"{self._say('by')} {self._name(question)} ({told})")

    def digits(self, value: float) -> str:
        """A number as the language writes it: 1.500.000 and 0,5 in Vietnamese, 1,500,000 and 0.5 in English."""
        text = f"{value:,.6f}".rstrip("0").rstrip(".")
        return text.translate(str.maketrans(",.", ".,")) if self.language == "vi" else text

    def _not(self, inner: ex.Condition) -> Phrase:
        match inner:
            case ex.In(question, codes):
                return Phrase(f"{self._name(question)} {self._say('is_not')} {self._codes(question, codes)}")
            case ex.Selected(question, codes):
                return Phrase(f"{self._name(question)} {self._say('names_not')} {self._codes(question, codes)}")
            case ex.IsUnknown(question):
                return Phrase(f"{self._name(question)} {self._say('known')}")
            case ex.Not(condition):
                return self.condition(condition)
            case ex.AnyOf(conditions) if len(conditions) > 1:
                return self._list("not_any", conditions)
            case ex.AllOf(conditions) if len(conditions) > 1:
                return self._list("not_all", conditions)
            case ex.AnyMember(where):
                return self._list("no_member", (where,))
        return self._list("not", (inner,))

    def _list(self, said: str, conditions: tuple[ex.Condition, ...]) -> Phrase:
        return Phrase(self._say(said), tuple(self.condition(one) for one in conditions))

    def _joined(self, sign: str, phrases: list[Phrase], *, bracket: bool = False) -> Phrase:
        text = sign.join(phrase.text for phrase in phrases)
        parts = tuple(part for phrase in phrases for part in phrase.parts)
        return Phrase(f"({text})" if bracket and len(phrases) > 1 else text, parts)

    def _say(self, what: str) -> str:
        return _SAID[what].in_language(self.language)

    def _name(self, question: str) -> str:
        return answer_name(question, self.language)

    def _codes(self, question: str, codes: tuple[str, ...]) -> str:
        names = [f"“{self._code(question, code)}”" for code in codes]
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {self._say('or')} {names[-1]}"

    def _code(self, question: str, code: str) -> str:
        named = self._answers.get(question, {}).get(code)
        return named.in_language(self.language) if named else code
