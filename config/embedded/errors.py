"""The one error a person who starts the exchange gets to see."""


class LaunchError(Exception):
    """Say in one sentence why the exchange cannot run here, and what to do about it."""
