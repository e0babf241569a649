"""Phone against server: the household form on JavaRosa and `poverty.classify` over the same generated households.

`check(standard, households)` fills the form once per household and compares every value the phone computed with the
server's. The two share the standard's file and nothing else: one runs XPath in a Java engine, the other numpy.
"""

from sandbox.parity.check import Parity, check
from sandbox.parity.compare import Mismatch

__all__ = ["Mismatch", "Parity", "check"]
