"""`python -m server.cli`: the command line where its script is not on the path, as for a worker started by `serve`."""

from __future__ import annotations

from server.cli import main

main()
