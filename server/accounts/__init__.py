"""People with an account: roles bound to areas, what they may see and do, logging in, sessions, tokens.

Others use `server.accounts.service` and `server.accounts.access` (`readable(actor, entity)`: the one function from
which every query learns what a person may see), and the dependencies of `server.accounts.dependencies`.
"""
