"""A province in a box: synthetic people with known truth, people with phones, a stand-in ODK Central.

Imports the four rooms, and of `server` the public factory only. `sandbox.population`, the generator of truth,
imports nothing from `poverty` or `forms`: it draws which deprivations hold and then writes answers that imply
them, so that it can witness against both.
"""
