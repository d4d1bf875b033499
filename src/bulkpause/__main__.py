"""Run the command line as `python -m bulkpause`."""

from bulkpause.cli.start import main


if __name__ == "__main__":
    main()
