"""The phone's back-end of the expression language: the calculations of the household form, generated from a standard.

What the form must provide, for the expressions to mean the same as on the server:

- every question of `poverty.frames` that the standard reads, by its leaf name, `${leaf}` being pyxform's reference; a
  repeat named `member` at the top level holding the member-level questions. Members are counted by their calculations
  that are relevant: a person of a repeat that is hidden, because the household turned out smaller, is none;
- `review_date` as a node of type date or an ISO text; `birth_date` as a date and `birth_year` as an integer, one of
  them blank or not relevant;
- `area_class` as `rural`, `urban` or blank;
- the calculations of scope `member` inside the repeat, those of scope `household` outside, with the bind type given.

A node that is blank or not relevant reads as '' and compares as NaN, that is, false: so truth and falsehood are two
expressions, and a calculation yields '1', '0', or '' where neither holds. No expression reads the phone's clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from poverty import expression as ex
from poverty.questions import QUESTIONS
from poverty.standard import Standard

REPEAT = "member"


@dataclass(frozen=True)
class Calculation:
    """One calculate of the form: its leaf name, where it stands, its XPath 1.0 expression, and its bind type.

    The bind type matters: JavaRosa writes a number of ten million or more into a text node as 1.25E7, which it cannot
    read back as a number.
    """

    name: str
    scope: Literal["member", "household"]
    expression: str
    type: Literal["string", "int", "decimal"] = "string"


@dataclass(frozen=True)
class _Truth:
    """Two XPath booleans, never both true."""

    true: str
    false: str


@dataclass(frozen=True)
class _Interval:
    """Two XPath numbers; `high` may be blank or NaN (no bound), `low` too when `low_blank` (it then stands for 0)."""

    low: str
    high: str
    low_blank: bool = False


def calculations(standard: Standard) -> list[Calculation]:
    """Everything the phone computes under the standard, in an order in which each uses only those before it.

    Member: `birth_day`, `age`, and one `m_<rule>` for each condition over members. Household: `review_day`,
    `member_count`, one calculation per rule under its id, `deprivations_min`, `deprivations_max`, `income_low`,
    `income_high` (blank = no bound), `below_line`, `proposed_class`. `review_day` and `birth_day` are dates as the
    number yyyymmdd, which makes ages exact by whole arithmetic.
    """
    compiler = _Compiler()
    rules = [
        Calculation(rule.id, "household", _three_valued(compiler.start(rule.id).condition(rule.when)))
        for rule in standard.rules
    ]
    income = compiler.start("income").number(standard.income.value)
    below = _compare(
        _Interval("${income_low}", "${income_high}"),
        standard.income.below_line.operator,
        compiler.number(standard.income.lines),
    )
    ids = [rule.id for rule in standard.rules]
    enough = f"${{below_line}} = '1' and ${{deprivations_min}} >= {standard.cut}"
    too_few = f"${{below_line}} = '1' and ${{deprivations_max}} < {standard.cut}"
    return [
        Calculation("review_day", "household", _day_number("review_date"), "int"),
        *_age(),
        Calculation("member_count", "household", "count(${age})", "int"),
        *(Calculation(name, "member", _three_valued(value)) for name, value in compiler.member_conditions.items()),
        *rules,
        Calculation("deprivations_min", "household", " + ".join(f"(${{{i}}} = '1')" for i in ids), "int"),
        Calculation("deprivations_max", "household", " + ".join(f"(${{{i}}} != '0')" for i in ids), "int"),
        Calculation("income_low", "household", _low(income), "decimal"),
        Calculation("income_high", "household", f"coalesce({income.high}, '')", "decimal"),
        Calculation("below_line", "household", _three_valued(below)),
        Calculation(
            "proposed_class",
            "household",
            f"if(${{below_line}} = '0', 'not_poor', if({enough}, 'poor', if({too_few}, 'near_poor', 'undetermined')))",
        ),
    ]


def member_conditions(standard: Standard) -> dict[str, ex.Condition]:
    """The conditions over members that the phone computes, by the names of their calculations (`m_<rule>`)."""
    compiler = _Compiler()
    for rule in standard.rules:
        compiler.start(rule.id).condition(rule.when)
    return compiler.conditions_by_name()


def _age() -> list[Calculation]:
    year = "int(${review_day} div 10000)"
    by_day = "if(${birth_day} <= ${review_day}, int((${review_day} - ${birth_day}) div 10000), '')"
    by_year = f"if(${{birth_year}} <= {year}, {year} - ${{birth_year}}, '')"
    return [
        Calculation("birth_day", "member", _day_number("birth_date"), "int"),
        Calculation("age", "member", f"if(${{birth_day}} != '', {by_day}, {by_year})", "int"),
    ]


def _day_number(date: str) -> str:
    return f"if(${{{date}}} != '', number(format-date(date(${{{date}}}), '%Y%m%d')), '')"


def _three_valued(value: _Truth) -> str:
    return f"if({value.true}, '1', if({value.false}, '0', ''))"


class _Compiler:
    """Compiles the rules one after the other, gathering their conditions over members as named calculations."""

    def __init__(self) -> None:
        self.member_conditions: dict[str, _Truth] = {}
        self._nodes: dict[ex.Condition, str] = {}
        self._rule = ""

    def start(self, rule: str) -> _Compiler:
        self._rule = rule
        return self

    def conditions_by_name(self) -> dict[str, ex.Condition]:
        return {name: node for node, name in self._nodes.items()}

    def condition(self, node: ex.Condition) -> _Truth:
        match node:
            case ex.AllOf(conditions):
                values = [self.condition(item) for item in conditions]
                return _Truth(_join("and", [v.true for v in values]), _join("or", [v.false for v in values]))
            case ex.AnyOf(conditions):
                values = [self.condition(item) for item in conditions]
                return _Truth(_join("or", [v.true for v in values]), _join("and", [v.false for v in values]))
            case ex.Not(condition):
                value = self.condition(condition)
                return _Truth(value.false, value.true)
            case ex.Accept(inner, when):
                value, accepted = self.condition(inner), self.condition(when).true
                return _Truth(_join("and", [accepted, value.true]), _join("and", [accepted, value.false]))
            case ex.In(question, codes):
                others = [code for code in QUESTIONS[question].known if code not in codes]
                return _Truth(_one_of(question, codes), _one_of(question, others))
            case ex.Selected(question, codes):
                others = [code for code in QUESTIONS[question].known if code not in codes]
                named = " or ".join(f"selected(${{{question}}}, '{code}')" for code in codes)
                return _Truth(_bracket(named, len(codes)), _only(question, others))
            case ex.IsUnknown(question):
                known = _known(question)
                return _Truth(f"not({known})", known)
            case ex.Compare(left, operator, right):
                return _compare(self.number(left), operator, self.number(right))
            case ex.AnyMember(where):
                named = self.member_condition(where)
                none = f"${{member_count}} > 0 and {_members(named, '0')} = ${{member_count}}"
                return _Truth(f"{_members(named, '1')} > 0", f"({none})")

    def number(self, node: ex.Number) -> _Interval:
        match node:
            case ex.Constant(value):
                return _Interval(_digits(value), _digits(value))
            case ex.Answer(question):
                answer = f"${{{question}}}"
                return _Interval(f"if({answer} > 0, {answer}, 0)", f"if({answer} >= 0, {answer}, '')")
            case ex.Age():
                return _Interval("${age}", "${age}", low_blank=True)
            case ex.MemberCount():
                count = "${member_count}"
                return _Interval(count, f"if({count} > 0, {count}, '')")
            case ex.Sum(terms):
                intervals = [self.number(term) for term in terms]
                lows, highs = [_low(i) for i in intervals], [i.high for i in intervals]
                return _Interval(f"({' + '.join(lows)})", f"({' + '.join(highs)})")
            case ex.Divide(numerator, denominator):
                return self._divide(self.number(numerator), denominator)
            case ex.CountOf(conditions):
                values = [self.condition(item) for item in conditions]
                true = " + ".join(f"({value.true})" for value in values)
                false = " - ".join(f"({value.false})" for value in values)
                return _Interval(f"({true})", f"({len(values)} - {false})")
            case ex.CountMembers(where):
                named = self.member_condition(where)
                most = f"(${{member_count}} - {_members(named, '0')})"
                return _Interval(_members(named, "1"), f"if(${{member_count}} > 0, {most}, '')")
            case ex.ShareOfMembers(where):
                named = self.member_condition(where)
                most = f"((${{member_count}} - {_members(named, '0')}) div ${{member_count}})"
                return _Interval(f"({_members(named, '1')} div ${{member_count}})", most, low_blank=True)
            case ex.Lookup(question, values):
                numbers = [value for _, value in values]
                return _Interval(_table(question, values, min(numbers)), _table(question, values, max(numbers)))

    def member_condition(self, node: ex.Condition) -> str:
        """Name of the calculation inside the repeat that holds the condition for each member."""
        if node not in self._nodes:
            base = name = f"m_{self._rule}"
            number = 2
            while name in self.member_conditions:
                name, number = f"{base}_{number}", number + 1
            self.member_conditions[name] = self.condition(node)
            self._nodes[node] = name
        return self._nodes[node]

    def _divide(self, top: _Interval, divisor: ex.Number) -> _Interval:
        if isinstance(divisor, ex.Constant) and divisor.value > 0:
            by = _digits(divisor.value)
            return _Interval(f"({_low(top)} div {by})", f"({top.high} div {by})")
        if isinstance(divisor, ex.MemberCount):
            count = "${member_count}"
            low = f"if({count} > 0, {_low(top)} div {count}, 0)"
            return _Interval(low, f"if({count} > 0, {top.high} div {count}, '')")
        bottom = self.number(divisor)
        low = f"coalesce(if({bottom.high} > 0, {_low(top)} div {bottom.high}, 0), 0)"
        return _Interval(low, f"if({_low(bottom)} > 0, {top.high} div {_low(bottom)}, '')")


def _compare(left: _Interval, operator: ex.Operator, right: _Interval) -> _Truth:
    match operator:
        case "<":
            return _Truth(f"{left.high} < {_low(right, left)}", f"{_low(left, right)} >= {right.high}")
        case "<=":
            return _Truth(f"{left.high} <= {_low(right, left)}", f"{_low(left, right)} > {right.high}")
        case ">":
            return _Truth(f"{_low(left, right)} > {right.high}", f"{left.high} <= {_low(right, left)}")
        case ">=":
            return _Truth(f"{_low(left, right)} >= {right.high}", f"{left.high} < {_low(right, left)}")
        case "==":
            point = f"{left.high} <= {_low(right)} and {right.high} <= {_low(left)}"
            return _Truth(f"({point})", f"({left.high} < {_low(right)} or {right.high} < {_low(left)})")
        case "!=":
            equal = _compare(left, "==", right)
            return _Truth(equal.false, equal.true)


def _low(interval: _Interval, against: _Interval | None = None) -> str:
    """The lower bound as a number. Against a number above 0 a blank needs no care: 0 and NaN both fail to reach it."""
    if not interval.low_blank or (against is not None and _is_positive(against.high)):
        return interval.low
    return f"coalesce({interval.low}, 0)"


def _is_positive(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() and float(text) > 0


def _join(operator: str, parts: list[str]) -> str:
    return _bracket(f" {operator} ".join(parts), len(parts))


def _bracket(text: str, parts: int) -> str:
    return f"({text})" if parts > 1 else text


def _one_of(question: str, codes: tuple[str, ...] | list[str]) -> str:
    """The answer is one of the codes; no code: never."""
    if not codes:
        return "false()"
    if len(codes) <= 2:
        return _bracket(" or ".join(f"${{{question}}} = '{code}'" for code in codes), len(codes))
    return f"selected('{' '.join(codes)}', ${{{question}}})"


def _only(question: str, codes: list[str]) -> str:
    """Something is chosen, and nothing but these codes: `dk` or an unknown code would leave it open."""
    if not codes:
        return "false()"
    if len(codes) == 1:
        return f"${{{question}}} = '{codes[0]}'"
    chosen = " + ".join(f"selected(${{{question}}}, '{code}')" for code in codes)
    count = f"count-selected(${{{question}}})"
    return f"({count} > 0 and {count} = {chosen})"


def _known(question: str) -> str:
    kind, known = QUESTIONS[question].kind, list(QUESTIONS[question].known)
    match kind:
        case "choice":
            return _one_of(question, known)
        case "multiple":
            return _only(question, known)
        case "number":
            return f"${{{question}}} >= 0"


def _members(name: str, value: str) -> str:
    return f"count(${{{name}}}[. = '{value}'])"


def _table(question: str, values: tuple[tuple[str, float], ...], default: float) -> str:
    text = _digits(default)
    for code, value in values:
        if value != default:
            text = f"if(${{{question}}} = '{code}', {_digits(value)}, {text})"
    return text


def _digits(value: float) -> str:
    """The number as XPath 1.0 writes it, which knows no exponents."""
    return format(Decimal(repr(value)).normalize(), "f")
