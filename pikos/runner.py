"""``pikos-run``, and ``python -m pikos.runner``: run a script under a monitor."""

import sys

from pikos.cli.pikos_run import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
