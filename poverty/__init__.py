"""What an answer means: dated standards as data, deprivations, class, explanation, indices.

The common vocabulary of the project. Takes and gives DataFrames, files or plain values: no database, socket,
clock or settings. Imports nothing from the other packages; `forms`, `reconciliation` and `geo` may import it,
and `server` and `sandbox` do.
"""
