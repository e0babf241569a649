"""Heads of households in the order of their given names, commune by commune.

Names are sealed, so no database can sort by them, and a stored sort key would be the name in other letters. What is
stored is each head's place among those of its commune, which tells the order and nothing more.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from reconciliation import given_name_key
from server.accounts.access import system_work
from server.cases.sealed import open_heads
from server.cases.tables import Interview
from server.secrets.service import vault_of


@system_work("derive")
def order_heads(session: Session, round_id: str) -> None:
    """Number the heads of every commune of a round in which one has no number yet."""
    named = (Interview.round_id == round_id, Interview.commune_code.is_not(None), Interview.head_name.is_not(None))
    waiting = select(Interview.commune_code).where(*named, Interview.head_order.is_(None)).distinct()
    table = Interview.__table__
    number = (
        update(table)  # type: ignore[arg-type]
        .where(table.c.interview_id == bindparam("of_interview"))
        .values(head_order=bindparam("place"))
    )
    for commune in session.scalars(waiting.order_by(Interview.commune_code)).all():
        rows = session.execute(
            select(Interview.interview_id, Interview.head_name).where(*named, Interview.commune_code == commune)
        ).all()
        heads = zip(open_heads(session, [(row[0], row[1]) for row in rows]), (row[0] for row in rows), strict=True)
        keys = sorted((given_name_key(name), interview_id) for name, interview_id in heads if name is not None)
        places = [{"of_interview": one, "place": place} for place, (_, one) in enumerate(keys, start=1)]
        if places:
            session.connection().execute(number, places)
        vault_of(session).forget()


@system_work("derive")
def forget_order(session: Session, round_id: str, ids: list[str]) -> None:
    """Have the communes of some interviews numbered anew: these interviews are about to leave them."""
    communes = (
        select(Interview.commune_code)
        .where(Interview.interview_id.in_(ids), Interview.commune_code.is_not(None))
        .scalar_subquery()
    )
    session.execute(
        update(Interview)
        .where(Interview.round_id == round_id, Interview.commune_code.in_(communes))
        .values(head_order=None),
        execution_options={"synchronize_session": False},
    )
