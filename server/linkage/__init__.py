"""Linkage: which interview is which household of last year's list, as found, as people decided, and at the desk."""
