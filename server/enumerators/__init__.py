"""Who visits whom: enumerators and back-checkers, their phones at Central, and the households that each carries."""
