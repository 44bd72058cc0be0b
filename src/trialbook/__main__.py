"""``python -m trialbook``: the program, where it is not on the path."""

from trialbook.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
