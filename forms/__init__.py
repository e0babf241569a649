"""What is asked: XLSForm sources as text, built to XForms and proven on the phone's own engine.

May import `poverty` and nothing else of the project. No database, socket, clock or settings: the round's
constants (id, review date) are arguments of the build.
"""
