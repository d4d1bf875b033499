"""End-to-end tests run the installed program and judge by the simulator's ledger."""

from tests.support.fixtures import program, serve, start


__all__ = ["program", "serve", "start"]
