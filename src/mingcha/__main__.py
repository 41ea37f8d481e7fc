"""``python -m mingcha`` is the command ``mingcha``."""

from mingcha.cli.main import main

if __name__ == "__main__":
    main()
