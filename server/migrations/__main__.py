"""`python -m server.migrations NUMBER "What changes"`: write the revision that brings the tables' changes.

For whoever changes tables: it compares the declared tables with a fresh database at the newest revision. Read what it
wrote: triggers, data and renamed columns are not seen by a comparison.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from server.database import Database
from server.migrations import upgrade, write_revision


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)  # noqa: T201 - a command's own words
        return 2
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.sqlite'}")
        upgrade(database)
        path = write_revision(database, sys.argv[2], sys.argv[1])
        database.dispose()
    print(path)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
