"""`python -m c2b`: the same as the `c2b` command."""

import sys

from c2b.cli import main

if __name__ == "__main__":
    sys.exit(main())
