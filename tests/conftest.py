"""What holds for every test."""

from hypothesis import settings


# How long an example takes is the machine's affair, and no promise of ours.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")
