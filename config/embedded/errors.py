"""The error that is shown to the person who starts the exchange."""


class LaunchError(Exception):
    """Say in one sentence why the exchange cannot run here, and what to do about it."""
