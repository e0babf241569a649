"""The access log (nhật ký truy cập): who did or read what, when and for which purpose; never a value.

Others use `server.audit.service`: `append`, `verify`, `Event`, `Purpose`. The log is append-only (triggers on both
databases) and hash-chained: a changed, removed or inserted entry is found and named by `verify`.
"""
