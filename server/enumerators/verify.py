"""Proof, phone by phone, that each gets exactly its households: asked of Central with the phone's own token.

What a phone gets is compared with what the server says it shall carry, row by row and value by value. A blank key, a
second rule, a form too many are named; nothing is mended here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from forms.lists import ENTITY_LISTS
from server.central.client import Central
from server.central.entities import Row
from server.central.errors import CentralError
from server.central.lists import RULE, list_path, rules_of
from server.central.phone import PhoneLine
from server.database import Database
from server.enumerators import carried
from server.enumerators.provision import FORMS_OF, users_of
from server.enumerators.service import Phone, phones
from server.errors import UserError
from server.rounds import service as rounds
from server.settings import CentralSettings


@dataclass(frozen=True)
class Problem:
    """What does not hold: a stable code, and what it is in both languages."""

    code: str
    vi: str
    en: str


@dataclass(frozen=True)
class PhoneResult:
    """One phone: how many households it shall carry and gets, and what is wrong; empty `problems`: nothing."""

    code: str
    role: str
    expected: int
    got: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Verification:
    """All lists and all phones of a round."""

    round_id: str
    lists: dict[str, tuple[Problem, ...]]
    phones: tuple[PhoneResult, ...]
    unassigned: int

    @property
    def holds(self) -> bool:
        """Whether every list has its one rule and every phone exactly its rows."""
        return bool(self.phones) and not any(self.lists.values()) and not any(one.problems for one in self.phones)

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json`; the names are stable."""
        return asdict(self) | {"holds": self.holds}


def verify(
    database: Database,
    settings: CentralSettings,
    round_id: str,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Verification:
    """Ask Central as every phone of a round. Raises `CentralError`, or `UserError` before anything is published."""
    with database.session() as session:
        people = phones(session, round_id)
        published = {one.name: one for one in rounds.forms_of(session, round_id)}
        lists = [carried.household_rows(session, round_id), carried.backcheck_rows(session, round_id)]
    if not published:
        raise UserError(
            "round_unpublished",
            f"Phiếu của đợt {round_id} chưa phát hành. Chạy: rasoat forms publish.",
            f"The form of round {round_id} is not published. Run: rasoat forms publish.",
        )
    project_id = next(iter(published.values())).project_id
    forms = {name: one.form_id for name, one in published.items()}
    reach = settings.model_copy(update={"project_id": project_id})
    with Central(reach) as central:
        rules = {name: tuple(_of_rules(central, name)) for name in ENTITY_LISTS}
        users = {one.actor_id: one for one in users_of(central).values()}
    carries = {one.name: one.by_phone() for one in lists}
    results = []
    active = [one for one in people if not one.revoked]
    for done, one in enumerate(active, start=1):
        user = users.get(one.actor_id) if one.actor_id is not None else None
        results.append(_of_phone(reach, project_id, one, None if user is None else user.key, forms, carries))
        progress(done, len(active))
    return Verification(round_id, rules, tuple(results), lists[0].unassigned)


def _of_rules(central: Central, name: str) -> Iterable[Problem]:
    try:
        shown = central.get_json(list_path(central.project_id, name), f"entity list {name}")
    except CentralError as error:
        if error.code != "central_not_found":
            raise
        yield Problem("list_missing", f"chưa có danh sách {name} trên Central.", f"Central has no list {name}.")
        return
    rules = rules_of(shown)
    if not rules:
        yield Problem(
            "rule_missing",
            f"danh sách {name} không có quy tắc truy cập: điện thoại nào cũng thấy cả danh sách. "
            "Chạy lại rasoat forms publish.",
            f"the list {name} has no access rule: every phone sees all of it. Run rasoat forms publish again.",
        )
    for rule in rules:
        if rule != RULE:
            shown_rule = f"{rule['datasetProperty']} = {rule['actorProperty']}"
            yield Problem(
                "rule_second",
                f"danh sách {name} có thêm quy tắc {shown_rule}; các quy tắc cộng dồn, điện thoại thấy thêm hộ. "
                "Bỏ trên Central, hoặc chạy lại rasoat forms publish.",
                f"the list {name} has another rule, {shown_rule}; rules add up and show more. "
                "Remove it on Central, or run rasoat forms publish again.",
            )


def _of_phone(
    settings: CentralSettings,
    project_id: int,
    phone: Phone,
    key: str | None,
    forms: dict[str, str],
    carries: dict[str, dict[str, list[Row]]],
) -> PhoneResult:
    wanted = {name: rows.get(phone.code, []) for name, rows in carries.items()}
    mine = {name: form_id for name, form_id in forms.items() if name in FORMS_OF[phone.role]}
    problems: list[Problem] = []
    got: dict[str, list[dict[str, str]]] = {}
    if phone.token is None:
        vi = "chưa có mã truy cập trên Central; chạy lại rasoat enumerators import."
        problems.append(Problem("no_phone", vi, "has no token at Central; run rasoat enumerators import again."))
    else:
        if key != phone.code:
            problems.append(_wrong_key(key))
        try:
            with PhoneLine(settings, project_id, phone.code, phone.token) as line:
                offered = line.forms()
                if offered != sorted(mine.values()):
                    problems.append(_wrong_forms(offered, sorted(mine.values())))
                for form_id in sorted(set(mine.values()) & set(offered)):
                    for name, rows in line.entity_lists(form_id).items():
                        if name in wanted:
                            problems += _compared(name, form_id, wanted[name], rows)
                            got[name] = rows
        except CentralError as error:
            problems.append(Problem(error.code, error.vi, error.en))
    name = "households" if "household" in FORMS_OF[phone.role] else "backchecks"
    return PhoneResult(phone.code, phone.role, len(wanted[name]), len(got.get(name, ())), tuple(problems))


def _wrong_key(key: str | None) -> Problem:
    if not key:
        return Problem(
            "key_blank",
            "thuộc tính assignment_key của người dùng trên Central để trống: danh sách trên máy trống. "
            "Chạy lại rasoat enumerators import.",
            "the property assignment_key of its app user is blank: its lists are empty. "
            "Run rasoat enumerators import again.",
        )
    return Problem(
        "key_wrong",
        f"assignment_key trên Central là {key}: máy nhận danh sách của người khác. Chạy lại rasoat enumerators import.",
        f"its assignment_key at Central is {key}: it gets somebody else's lists. Run rasoat enumerators import again.",
    )


def _wrong_forms(offered: list[str], wanted: list[str]) -> Problem:
    lacks, has = sorted(set(wanted) - set(offered)), sorted(set(offered) - set(wanted))
    return Problem(
        "forms",
        f"phiếu trên máy khác vai trò: thiếu {', '.join(lacks) or 'không'}, thừa {', '.join(has) or 'không'}.",
        f"its forms do not fit its role: lacks {', '.join(lacks) or 'none'}, has besides {', '.join(has) or 'none'}.",
    )


def _compared(name: str, form_id: str, wanted: list[Row], got: list[dict[str, str]]) -> Iterable[Problem]:
    """Rows are told apart by all their values; uuids may be later ones of a row's line."""
    names = ENTITY_LISTS[name]
    shall = sorted((row.label, *(row.data.get(one, "") for one in names)) for row in wanted)
    does = sorted((row["label"], *(row.get(one) or "" for one in names)) for row in got)
    if shall == does:
        return
    missing, extra = len(set(shall) - set(does)), len(set(does) - set(shall))
    yield Problem(
        "rows",
        f"danh sách {name} (phiếu {form_id}): {missing} dòng phải có mà máy không nhận đúng, {extra} dòng máy nhận mà "
        "không phải của người này. Chạy rasoat sync rồi kiểm tra lại.",
        f"list {name} (form {form_id}): {missing} rows it shall have and does not get as they are, {extra} rows that "
        "it gets are not this person's. Run rasoat sync, then verify again.",
    )
