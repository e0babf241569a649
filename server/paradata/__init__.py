"""Paradata (nhật ký phỏng vấn): how each interview was held, measured in the phone's audit log.

Others use `server.paradata.service`.
"""
