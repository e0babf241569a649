"""Which interview is which household of a list: members to members, then households from the evidence of all.

May import `poverty` and nothing else of the project outside `reconciliation`.
"""

from reconciliation.linkage.exact import link_exact
from reconciliation.linkage.side import Side

__all__ = ["Side", "link_exact"]
