"""``python -m graphrank`` is the ``graphrank`` command."""

import sys

from graphrank.cli import main

if __name__ == "__main__":
    sys.exit(main())
