"""The service: database, Central sync, review, pages, API, jobs, command line.

The imperative shell around the four rooms (`forms`, `poverty`, `reconciliation`, `geo`), which it imports.
One package per noun, with the same file names in each: `routes.py` -> `service.py` -> `queries.py` ->
`tables.py`, and `schemas.py`; nouns know one another only through `service`. It imports `sandbox` in one
place, lazily: `server.cli.demo`.
"""
