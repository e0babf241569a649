"""What goes wrong with a form, said to the person who wrote it."""

from __future__ import annotations


class FormError(Exception):
    """A form cannot be read, built, validated or opened; the message names the place and the remedy."""
