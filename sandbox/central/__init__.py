"""A stand-in for ODK Central: the part of its HTTP API that the product and its phones use.

It runs in a process of its own (`python -m sandbox.central --port P --state FILE`), keeps everything in one SQLite
file, and answers as ODK Central v2026.2.2 was seen to answer, error bodies included. `tests/central_contract`
holds both to the same expectations.

What it deliberately does not do: managed encryption, public links, web forms, single sign-on, exports to CSV of
submissions, and ODK Validate on upload (the project validates its forms before it publishes them).
"""
