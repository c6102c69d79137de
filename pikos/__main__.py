"""``python -m pikos``, the same as the ``pikos`` command."""

import sys

from pikos.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
