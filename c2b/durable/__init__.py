"""Jobs, runs, steps and signals that survive any crash. Knows nothing of the business.

The database is the truth; the broker only rings the doorbell. ``README.md`` tells the story.
"""

from c2b.durable.jobs import Lease, LeaseLost, job
from c2b.durable.queue import enqueue, start, wake
from c2b.durable.runs import Run, workflow
from c2b.durable.signals import signal

__all__ = ["Lease", "LeaseLost", "Run", "enqueue", "job", "signal", "start", "wake", "workflow"]
