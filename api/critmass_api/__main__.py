"""Starts the service: `python -m critmass_api --port 8000`."""

from __future__ import annotations

import argparse
import sys


def main() -> int:
    """Serves, or says why not. Imports late, as each child process reads this module again."""
    from critmass.domain.errors import CritmassError
    from critmass_api.server import serve

    parser = argparse.ArgumentParser(prog="critmass_api", description="The HTTP service of critmass.")
    parser.add_argument("--host", default="127.0.0.1", help="an address of this computer")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    try:
        serve(arguments.host, arguments.port)
    except CritmassError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
