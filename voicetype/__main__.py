"""`python -m voicetype`."""

import sys

from voicetype.cli import main

if __name__ == "__main__":
    sys.exit(main())
