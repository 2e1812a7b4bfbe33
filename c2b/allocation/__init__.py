"""Which options and configurations are made, and who gets which of their choices. Pure: see `README.md`."""

from c2b.allocation.checking import verify
from c2b.allocation.nudges import Nudge, nudges
from c2b.allocation.reasons import Cause, Reason, Refusal, reasons
from c2b.allocation.solver import Unsound, allocate

__all__ = ["Cause", "Nudge", "Reason", "Refusal", "Unsound", "allocate", "nudges", "reasons", "verify"]
