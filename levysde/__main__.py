"""`python -m levysde` is the same as the command `levysde`."""

import sys

from levysde.cli import main

if __name__ == "__main__":
    sys.exit(main())
