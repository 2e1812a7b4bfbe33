"""What is fast, measured beside a named floor in the same run. ``make bench``, or ``python -m bench joins``."""
