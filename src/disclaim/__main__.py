"""``python -m disclaim`` is the ``disclaim`` command."""

from disclaim.cli.main import main

if __name__ == "__main__":
    main()
