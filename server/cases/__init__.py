"""Interviews derived from submissions: households, members, class, place, flags. All of it can be computed again."""
