"""Run the command line as `python -m bulkpause`."""

from bulkpause.cli.app import main


if __name__ == "__main__":
    main()
