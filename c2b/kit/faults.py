"""Places where a test may kill the process, to prove that any line may be the last.

``point("payments.refund.sent")`` does nothing unless the environment names it: ``C2B_CRASH_AT=<name>`` ends the
process there, at once and without clean-up, as a power cut would. ``C2B_CRASH_AT=<name>#3`` waits for the third time.
"""

from __future__ import annotations

import os
import signal

_wanted, _, _times = os.environ.get("C2B_CRASH_AT", "").partition("#")
_left = int(_times or 1)


def point(name: str) -> None:
    """A line after which a crash must lose nothing."""
    global _left
    if _wanted and name == _wanted:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, times: int = 1) -> None:
    """Set the place from within the process (forked test workers do)."""
    global _wanted, _left
    _wanted, _left = name, times
