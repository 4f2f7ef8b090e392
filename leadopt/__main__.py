"""`python -m leadopt`."""

from leadopt.cli import main

if __name__ == "__main__":
    main()
