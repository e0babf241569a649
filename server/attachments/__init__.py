"""Attachments (tệp đính kèm): photos and audit logs of submissions, fetched from Central, sealed, shown within a scope.

Others use `server.attachments.service`.
"""
