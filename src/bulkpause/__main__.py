"""`python -m bulkpause`: the command line without the console script."""

from bulkpause.cli.app import main


if __name__ == "__main__":
    main()
