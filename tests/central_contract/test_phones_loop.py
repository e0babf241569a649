"""Phones on a Central: published forms, three people with proven lists, a visit made offline, an interview returned."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from forms.lists import ENTITY_LISTS
from forms.media import write_entity_list
from poverty import standard_for
from sandbox.fieldwork import Submission, send
from sandbox.population import Province, generate
from sandbox.submissions import write
from server.central import service as central
from server.central.client import Central, part
from server.central.errors import CentralError
from server.central.phone import PhoneLine
from server.central.release import PublishedRound, close_forms, publish_round
from server.cli.demo import PROVINCE, REVIEW_DATE, ROUND, _cells, _communes, _set_up, _with_project
from server.database import Database
from server.enumerators import service as enumerators
from server.enumerators.service import Phone
from server.enumerators.verify import Verification, verify
from server.registry.tables import RegistryHousehold
from server.review import service as review
from server.settings import CentralSettings, Settings, load_settings

HOUSEHOLDS = 40
SEED = 7
Wait = Callable[[Callable[[], Any]], Any]


@dataclass
class Round:
    """A round whose forms are published, with three enumerators and a back-checker."""

    database: Database
    settings: Settings
    province: Province
    published: PublishedRound
    folder: Path

    @property
    def project_id(self) -> int:
        return self.published.project_id

    def central(self) -> Central:
        return Central(self.settings.central)

    def phone(self, code: str) -> Phone:
        with self.database.session() as session:
            return next(one for one in enumerators.phones(session, ROUND) if one.code == code)

    def line(self, code: str) -> PhoneLine:
        one = self.phone(code)
        assert one.token is not None
        return PhoneLine(self.settings.central, self.project_id, code, one.token)

    def rows(self, code: str, name: str = "households") -> list[dict[str, str]]:
        with self.line(code) as line:
            return line.entity_lists("household")[name]

    def verify(self) -> Verification:
        return verify(self.database, self.settings.central, ROUND)

    def problems(self, code: str) -> list[str]:
        return [one.code for phone in self.verify().phones if phone.code == code for one in phone.problems]

    def visit(self, code: str, household_code: str, instance: str) -> None:
        """Fill the household's form on this person's phone, with the lists it has, and send it."""
        folder = self.published.form().form.media_dir
        with self.line(code) as line:
            for name, rows in line.entity_lists("household").items():
                columns = ["name", "label", *ENTITY_LISTS[name]]
                write_entity_list(name, pd.DataFrame(rows, columns=columns), folder)
        households = self.province.households
        households = households[households["household_code"] == household_code].iloc[:1]
        members = self.province.members[self.province.members.index.isin(households.index, level=0)]
        began = pd.to_datetime(households["visited_at"])
        visits = pd.DataFrame({"instance_id": [instance], "started_at": began, "ended_at": began, "username": code})
        standard = standard_for(REVIEW_DATE.year)
        [xml] = write(self.published.form().form.built, folder, standard, households, members, visits)
        token = self.phone(code).token
        url = f"{self.settings.central.url}/v1/key/{token}/projects/{self.project_id}"
        assert send(iter([Submission(instance, xml)]), url, lambda _done: None) == 1


@pytest.fixture(scope="module")
def of(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Round]:
    folder = tmp_path_factory.mktemp("phones")
    reach = CentralSettings(url=server.url, user=server.user, password=SecretStr(server.password))
    cells = _cells(None)
    province = generate(HOUSEHOLDS, _communes(cells), "annual", SEED)
    with Central(reach) as connection:
        project = connection.send("POST", "projects", "project", json={"name": "Điện thoại (thử)"})
    settings = _with_project(replace(load_settings({}, data={"dir": folder}), central=reach), project["id"])
    database = Database(settings.database_url)
    _set_up(database, "annual", cells, province, folder)
    with database.session() as session:
        enumerators.import_people(session, _people(_villages(database)), ROUND, "nguoi.csv")
    published = publish_round(database, settings.central, folder / "forms", ROUND)
    yield Round(database, settings, province, published, folder)
    with Central(settings.central) as connection:
        connection.send("DELETE", f"projects/{project['id']}", "project")
    database.dispose()


def _villages(database: Database) -> list[str]:
    with database.session() as session:
        found = session.scalars(select(RegistryHousehold.village_id).where(RegistryHousehold.province_code == PROVINCE))
        return sorted({one for one in found if one})


def _people(villages: list[str]) -> pd.DataFrame:
    shares = [";".join(villages[start::3]) for start in range(3)]
    rows = [{"code": f"RSV-000{n}", "name": f"Người Thử {n}", "villages": share} for n, share in enumerate(shares, 1)]
    return pd.DataFrame([*rows, {"code": "KT-0001", "name": "Người Kiểm", "role": "backchecker"}])


def test_everybody_gets_exactly_their_own(of: Round) -> None:
    assert of.published.changed
    found = of.verify()
    assert found.holds, found.as_json()
    by_code = {one.code: one for one in found.phones}
    assert set(by_code) == {"RSV-0001", "RSV-0002", "RSV-0003", "KT-0001"}
    lists = {code: {row["household_code"] for row in of.rows(code)} for code in by_code if code.startswith("RSV")}
    assert all(lists.values())
    assert len(set.union(*lists.values())) == sum(map(len, lists.values())), "nobody has a household of another"
    with of.line("KT-0001") as line:
        assert line.forms() == ["backcheck"]
    with of.line("RSV-0001") as line:
        assert line.forms() == ["application", "facility", "household", "village_meeting"]


def test_again_it_changes_nothing(of: Round) -> None:
    again = publish_round(of.database, of.settings.central, of.folder / "forms", ROUND)
    assert not again.changed, again.as_json()
    assert [one.written for one in again.lists] == [0, 0]


def test_a_blank_key_is_named_and_mended(of: Round) -> None:
    user = f"projects/{of.project_id}/app-users/{of.phone('RSV-0001').actor_id}"
    with of.central() as connection:
        connection.send("PATCH", user, "app user", json={"properties": {"assignment_key": ""}})
    assert of.problems("RSV-0001")[0] == "key_blank"
    assert of.rows("RSV-0001") == []
    with of.central() as connection:
        assert enumerators.provision(of.database, connection, ROUND).corrected == 1
    assert of.verify().holds


def test_a_second_rule_is_named_and_taken_back(of: Round) -> None:
    project = f"projects/{of.project_id}"
    villages = {row["village_id"] for row in of.rows("RSV-0002")}
    second = {"datasetProperty": "village_id", "actorProperty": "village_id"}
    first = {"datasetProperty": "assignment_key", "actorProperty": "assignment_key"}
    with of.central() as connection:
        connection.send("POST", f"{project}/actor-properties", "property", json={"name": "village_id"})
        user = f"{project}/app-users/{of.phone('RSV-0001').actor_id}"
        connection.send("PATCH", user, "app user", json={"properties": {"village_id": min(villages)}})
        body = {"accessFilter": {"type": "property", "rules": [first, second]}}
        connection.send("PATCH", f"{project}/datasets/households", "list", json=body)
    found = of.verify()
    assert [one.code for one in found.lists["households"]] == ["rule_second"]
    assert set(of.problems("RSV-0001")) == {"rows"}, "it gets somebody else's households"
    assert not publish_round(of.database, of.settings.central, of.folder / "forms", ROUND).closing
    assert of.verify().holds


def test_a_visit_made_offline_and_an_interview_returned(of: Round, wait_for: Wait) -> None:
    listed = {row["household_code"] for row in of.rows("RSV-0001")}
    met = of.province.households
    met = met[met["household_code"].isin(listed) & met["outcome"].eq("met")]
    code = str(met["household_code"].iloc[0])
    # Of their own each time: the visit's uuid follows from it, and is unique on the whole server.
    instance, second = (f"uuid:{uuid.uuid4()}" for _ in range(2))
    of.visit("RSV-0001", code, instance)
    assert wait_for(lambda: [row["household_code"] for row in of.rows("RSV-0001", "visits")]) == [code]
    [visit] = of.rows("RSV-0001", "visits")
    assert (visit["outcome"], visit["assignment_key"], visit["visit_key"]) == ("met", "RSV-0001", code)
    assert of.rows("RSV-0002", "visits") == [], "a visit is on the list of who made it alone"

    assert central.sync(of.database, of.settings.central, ROUND).pulled.live == 1
    with of.database.session() as session:
        review.decide(session, instance, "return", actor="tester", reason="Thiếu thu nhập")
    synced = central.sync(of.database, of.settings.central, ROUND)
    assert [(one.name, one.written) for _, one in synced.lists] == [("households", 1), ("backchecks", 0)]
    [row] = [row for row in of.rows("RSV-0001") if row["household_code"] == code]
    assert (row["status"], row["returned_reason"], row["replaces"]) == ("returned", "Thiếu thu nhập", instance)
    assert of.verify().holds

    of.visit("RSV-0001", code, second)
    central.sync(of.database, of.settings.central, ROUND)
    [row] = [row for row in of.rows("RSV-0001") if row["household_code"] == code]
    assert (row["status"], row["returned_reason"], row["replaces"]) == ("listed", "", "")


def test_back_checks_are_drawn_for_somebody_else(of: Round) -> None:
    with of.database.session() as session:
        drawn = enumerators.draw_backchecks(session, ROUND, share=0.5, seed=SEED)
        assert enumerators.draw_backchecks(session, ROUND, share=0.5, seed=SEED) == 0
    assert drawn >= 1
    with of.central() as connection:
        enumerators.send_lists(of.database, connection, ROUND)
    with of.line("KT-0001") as line:
        rows = line.entity_lists("backcheck")["backchecks"]
    assert len(rows) == drawn
    assert {row["assignment_key"] for row in rows} == {"KT-0001"}
    assert of.verify().holds


def test_a_lost_phone_is_refused_and_another_takes_its_place(of: Round) -> None:
    lost = of.phone("RSV-0002")
    with of.central() as connection:
        enumerators.revoke(of.database, connection, ROUND, "RSV-0002")
    assert lost.token is not None
    line = PhoneLine(of.settings.central, of.project_id, lost.code, lost.token)
    with line, pytest.raises(CentralError) as refused:
        line.forms()
    assert refused.value.code == "phone_refused"
    assert lost.token not in str(refused.value)
    assert of.verify().holds, "who has no phone is not asked"
    with of.central() as connection:
        assert enumerators.provision(of.database, connection, ROUND).made == 0, "revoked stays revoked"
        enumerators.revoke(of.database, connection, ROUND, "RSV-0002", reissue=True)
    assert of.phone("RSV-0002").token not in (None, lost.token)
    assert of.verify().holds


def test_forms_close_when_every_phone_has_reported(of: Round) -> None:
    closing = {one.form_id: one for one in close_forms(of.database, of.settings.central, ROUND)}
    assert (closing["household"].state, closing["backcheck"].state) == ("closing", "closing")
    assert closing["backcheck"].waiting == ("KT-0001",)
    with of.central() as connection:
        connection.send(
            "DELETE",
            f"projects/{of.project_id}/forms/{part('backcheck')}/assignments/app-user/{of.phone('KT-0001').actor_id}",
            "assignment",
        )
    again = {one.form_id: one.state for one in close_forms(of.database, of.settings.central, ROUND)}
    assert (again["household"], again["backcheck"]) == ("closing", "closed")
    forced = close_forms(of.database, of.settings.central, ROUND, at_once=True)
    assert {one.state for one in forced} == {"closed"}
