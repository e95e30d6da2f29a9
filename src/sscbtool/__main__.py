"""``python -m sscbtool``, and the console script."""

from sscbtool.cli import app


def main() -> None:
    """Run the command line."""
    app(prog_name="sscbtool")


if __name__ == "__main__":
    main()
