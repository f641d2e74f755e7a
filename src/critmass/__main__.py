"""`python -m critmass` is the same as `critmass`."""

from critmass.cli import main

if __name__ == "__main__":
    main()
