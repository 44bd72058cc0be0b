"""What to try next and for how long."""

from trialbook.search._ledger import Entry, Ledger
from trialbook.search._portfolio import Step, portfolio
from trialbook.search._search import Search, Stop, Wait

__all__ = ["Entry", "Ledger", "Search", "Step", "Stop", "Wait", "portfolio"]
