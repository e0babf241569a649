"""`rasoat registry history|questions|link|moved-in|unlink|movement-rules`: one household over the years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import Json, RoundOption, answer, note, open_database

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from reconciliation.identity import Consequences
    from server.accounts.actor import Actor

By = Annotated[str, typer.Option(help="Tên đăng nhập của người quyết định. / User name of who decides.")]
Province = Annotated[str, typer.Option(help="Mã tỉnh. / Province code.")]

_KINDS = {
    "opened": "cấp mã",
    "linked": "liên kết",
    "split": "tách hộ",
    "merged": "nhập hộ",
    "closed": "không còn",
    "reopened": "trở lại",
    "arrived": "chuyển đến",
    "undone": "hoàn tác",
}


def history(
    household: Annotated[str, typer.Argument(metavar="ID", help="Mã hộ qua các năm. / A household's id.")],
    province: Province = "33",
    json: Json = False,
) -> None:
    """Mọi sự kiện của một hộ qua các năm. / Every event of a household over the years."""
    from server.registry import service as registry

    with open_database() as database, database.session() as session:
        events = [
            {
                "event": one.event_id,
                "kind": one.kind,
                "from": one.holds_from,
                "appearance": f"{one.source}/{one.code}",
                "via": None if one.via_source is None else f"{one.via_source}/{one.via_code}",
                "undoes": one.undoes,
                "reason": one.reason,
                "by": one.made_by,
                "at": one.made_at,
            }
            for one in registry.events_of(session, province, household)
        ]
        note(session, "registry.history", "household", household)
    answer({"household": household, "events": events}, *(_event_line(one) for one in events), as_json=json)


def _event_line(event: dict[str, Any]) -> str:
    parts = [f"{event['event']:>8}  {event['from']:%d/%m/%Y}  {_KINDS[event['kind']]}  {event['appearance']}"]
    if event["via"]:
        parts.append(f"theo {event['via']}")
    if event["undoes"]:
        parts.append(f"sự kiện {event['undoes']}")
    return "  ".join(parts)


def questions(province: Province = "33", json: Json = False) -> None:
    """Những hộ chờ người quyết định là hộ nào. / Households whose identity waits for a person."""
    from server.registry import service as registry

    with open_database() as database, database.session() as session:
        found: list[dict[str, Any]] = [
            {"kind": one.kind, "source": one.source, "codes": one.codes, "households": one.household_ids}
            for one in registry.open_questions(session, province)
        ]
    answer(
        {"questions": found},
        f"{len(found)} câu hỏi. Trả lời: rasoat registry link. / {len(found)} questions.",
        *(
            f"  {one['kind']}: {', '.join(one['source'] + '/' + code for code in one['codes'])}"
            f" ({', '.join(one['households'])})"
            for one in found
        ),
        as_json=json,
    )


def link(
    appearance: Annotated[str, typer.Argument(help="list/NĂM/MÃ HỘ hoặc round/ĐỢT/MÃ PHIẾU. / Which appearance.")],
    by: By,
    same_as: Annotated[
        str | None, typer.Option("--with", help="Cùng hộ với (cách ghi như trên). / The household of this one.")
    ] = None,
    own: Annotated[bool, typer.Option("--new", help="Là một hộ riêng. / A household of its own.")] = False,
    province: Province = "33",
    json: Json = False,
) -> None:
    """Người quyết định một phiếu, một dòng danh sách là hộ nào. / A person says which household it is."""
    from server.errors import UserError
    from server.registry import service as registry

    if own == (same_as is not None):
        raise UserError(
            "identity_choice",
            "Ghi một trong hai: --with HỘ hoặc --new.",
            "Give one of --with HOUSEHOLD and --new.",
        )
    of = registry.parse_appearance(appearance)
    via = None if same_as is None else registry.parse_appearance(same_as)
    with open_database() as database, database.session() as session:
        registry.place(session, province, of, via, actor=_person(session, by))
        registry.recount_province(session, province)
        note(session, "registry.link", "household", appearance)
    answer({"appearance": appearance, "with": same_as}, f"{appearance}: đã ghi. / {appearance}: kept.", as_json=json)


def moved_in(
    appearance: Annotated[str, typer.Argument(help="list/NĂM/MÃ HỘ hoặc round/ĐỢT/MÃ PHIẾU. / Which appearance.")],
    by: By,
    take_back: Annotated[bool, typer.Option("--take-back", help="Lấy lại điều đã ghi. / It is not so.")] = False,
    province: Province = "33",
    json: Json = False,
) -> None:
    """Hộ mới là hộ nghèo, cận nghèo nơi khác chuyển đến. / A new household was poor where it came from."""
    from server.registry import service as registry

    of = registry.parse_appearance(appearance)
    with open_database() as database, database.session() as session:
        registry.set_arrived(session, province, of, arrived=not take_back, actor=_person(session, by))
        registry.recount_province(session, province)
        note(session, "registry.moved_in", "household", appearance)
    result = {"appearance": appearance, "moved_in": not take_back}
    answer(result, f"{appearance}: đã ghi. / {appearance}: kept.", as_json=json)


def unlink(
    event: Annotated[int, typer.Argument(help="Số của sự kiện (rasoat registry history). / Number of the event.")],
    by: By,
    dry_run: Annotated[bool, typer.Option(help="Chỉ nêu hệ quả. / Only list what follows.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại. / Do not ask again.")] = False,
    json: Json = False,
) -> None:
    """Hoàn tác một liên kết, tách hộ, nhập hộ sai; nêu hệ quả trước. / Undo a wrong link; what follows comes first."""
    from server.registry import service as registry

    with open_database() as database, database.session() as session:
        actor = _person(session, by)
        of, told = registry.consequences_of(session, event)
        lines = _consequence_lines(told)
        if not dry_run:
            if not yes:
                for one in lines:
                    typer.echo(one, err=True)
                typer.confirm("Hoàn tác? / Undo it?", abort=True, err=True)
            registry.undo_event(session, event, actor=actor)
            registry.recount_province(session, of.province_code)
            note(session, "registry.unlink", "identity_event", str(event))
    result = {
        "event": event,
        "undone": not dry_run,
        "moved": [{"appearance": "/".join(one), "from": was, "to": now} for one, was, now in told.moved],
        "origins": [list(one) for one in told.origins],
        "statuses": [list(one) for one in told.statuses],
        "sources": told.sources,
    }
    answer(
        result, *lines, "Chưa hoàn tác gì. / Nothing was undone." if dry_run else "Đã hoàn tác. / Undone.", as_json=json
    )


def _consequence_lines(told: Consequences) -> list[str]:
    return [
        *(f"  {'/'.join(one)}: {was} -> {'mã mới / a new id' if now == '+' else now}" for one, was, now in told.moved),
        *(f"  {one}: không còn là hộ tách từ {was} / split from {was} no more" for one, was, _now in told.origins),
        *(f"  {one}: {was} -> {now or '–'}" for one, was, now in told.statuses),
        f"  Diễn biến tính lại / movements counted again: {', '.join(told.sources) or '–'}",
    ]


def movement_rules(
    by: By,
    look_back_years: Annotated[
        int | None, typer.Option(min=1, help="Tái nghèo xét bao nhiêu năm trước; không ghi: mọi năm. / Look-back.")
    ] = None,
    newly_escaped_years: Annotated[
        int, typer.Option(min=1, help="Mới thoát nghèo tính trong bao nhiêu năm. / Years of newly escaped.")
    ] = 3,
    round_id: RoundOption = None,
    json: Json = False,
) -> None:
    """Đặt quy tắc tái nghèo, mới thoát nghèo của đợt (tạm tính). / Set the illustrative rules of movements."""
    from server.registry import service as registry
    from server.rounds import service as rounds

    with open_database() as database, database.session() as session:
        chosen = rounds.choose(session, round_id).round_id
        person = _person(session, by)
        registry.set_rules(
            session,
            chosen,
            look_back_years=look_back_years,
            newly_escaped_years=newly_escaped_years,
            by=person.user_id,
        )
        note(session, "registry.movement_rules", "round", chosen)
    answer(
        {"round": chosen, "look_back_years": look_back_years, "newly_escaped_years": newly_escaped_years},
        f"Đợt {chosen}: tái nghèo {look_back_years or 'mọi'} năm, mới thoát nghèo {newly_escaped_years} năm.",
        as_json=json,
    )


def _person(session: Session, username: str) -> Actor:
    """The person of a user name, with the roles held today. Raises `NotFoundError`."""
    from datetime import UTC, datetime

    from server.accounts import service as accounts
    from server.accounts.actor import Actor
    from server.errors import NotFoundError

    user_id = accounts.user_id(session, username)
    if user_id is None:
        raise NotFoundError("user_unknown", "--by: không có tài khoản này.", "--by: there is no such account.")
    grants = accounts.grants_of(session, user_id, datetime.now(UTC).date())
    return Actor(user_id, grants, username=username)
