"""What to try next and for how long."""

from trialbook.search._ledger import REBUILD_S, STOPPED, Cost, Entry, Ledger, together_s
from trialbook.search._portfolio import Step, portfolio
from trialbook.search._rows import FIRST_ROWS, Growth
from trialbook.search._search import Search, Stop, Wait

__all__ = [
    "FIRST_ROWS",
    "REBUILD_S",
    "STOPPED",
    "Cost",
    "Entry",
    "Growth",
    "Ledger",
    "Search",
    "Step",
    "Stop",
    "Wait",
    "portfolio",
    "together_s",
]
