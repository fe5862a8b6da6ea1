"""`python -m paved_road` is `paved`."""

import sys

from paved_road.cli import main

if __name__ == "__main__":
    sys.exit(main())
