"""``python -m ewardrobe``: the command line."""

import sys

from ewardrobe.cli import main

if __name__ == "__main__":
    sys.exit(main())
