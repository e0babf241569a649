"""Secrets at rest: the master keys outside the database, a key per household inside it, keyed look-ups.

Others use `server.secrets.service`: `MasterKeys`, `prepare`, `open_vault`, `Vault`, `rotate`. Received answers are
encrypted with the key of their household; destroying that key is what erasure means, and the row that stays
behind without a key is the tombstone.
"""
