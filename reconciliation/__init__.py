"""Who it is: linkage of interviews with the registry, identity over the years, movements from year to year.

May import `poverty` and nothing else of the project. DataFrames and files in, DataFrames out.
"""

from reconciliation.lists import Mapping, guess_mapping, read_list, read_registry, write_rejected
from reconciliation.movement_forms import by_commune, tally
from reconciliation.movements import movements
from reconciliation.names import fold, fold_series, given_name_key, nfc
from reconciliation.registry import Registry, RegistryError, head_names, write_registry
from reconciliation.status import netted

__all__ = [
    "Mapping",
    "Registry",
    "RegistryError",
    "by_commune",
    "fold",
    "fold_series",
    "given_name_key",
    "guess_mapping",
    "head_names",
    "movements",
    "netted",
    "nfc",
    "read_list",
    "read_registry",
    "tally",
    "write_registry",
    "write_rejected",
]
