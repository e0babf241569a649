"""Privacy: what a household told is forgotten for good when it must be; that it was, stays known."""
