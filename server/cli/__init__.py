"""The command line `rasoat`: thin commands over the services. Heavy imports live inside the functions that need them.

`--json` prints one JSON object on stdout and nothing else there; the exit status is 0 only when the thing asked for
holds.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from server.cli import (
    database,
    demo,
    doctor,
    enumerators,
    forms,
    geo,
    identity,
    instrument,
    linkage,
    parity,
    privacy,
    registry,
    rounds,
    serve,
    standards,
    sync,
    users,
    worker,
)
from server.cli.common import report_error

app = typer.Typer(
    name="rasoat",
    help="Rà soát hộ nghèo, hộ cận nghèo theo chuẩn đa chiều, trên ODK. / Multidimensional poverty census on ODK.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a stack trace with local values would show people's answers
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(database.app, name="db")
app.add_typer(rounds.app, name="round")
app.add_typer(rounds.residents_app, name="residents")
app.add_typer(geo.app, name="geo")
app.add_typer(registry.app, name="registry")
app.add_typer(forms.app, name="forms")
app.add_typer(enumerators.app, name="enumerators")
app.add_typer(sync.app, name="sync")
app.add_typer(standards.app, name="standard")
app.add_typer(privacy.app, name="privacy")
app.add_typer(users.app, name="user")
app.add_typer(users.key_app, name="key")
forms.app.command("check")(instrument.check)
forms.app.command("diff")(instrument.diff)
forms.app.command("codebook")(instrument.codebook)
forms.app.command("parity")(parity.parity)
app.command("rebuild")(sync.rebuild)
app.command("reconcile")(linkage.reconcile)
registry.app.command("history")(identity.history)
registry.app.command("questions")(identity.questions)
registry.app.command("link")(identity.link)
registry.app.command("moved-in")(identity.moved_in)
registry.app.command("unlink")(identity.unlink)
registry.app.command("movement-rules")(identity.movement_rules)
app.command("doctor")(doctor.doctor)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("demo")(demo.demo)


@app.callback()
def options(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Ghi rõ từng việc lên stderr. / Say each step on stderr.")
    ] = False,
) -> None:
    """Rà soát hộ nghèo, hộ cận nghèo theo chuẩn đa chiều, trên ODK. / Multidimensional poverty census on ODK."""
    import logging

    from server.logging import install

    install("line", logging.INFO if verbose else logging.WARNING)


def main() -> None:
    """Run the command line; what a person can mend is said in both languages, without a stack trace."""
    try:
        app(standalone_mode=True)
    except Exception as error:
        sys.exit(report_error(error))
