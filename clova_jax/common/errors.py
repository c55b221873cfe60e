"""Defines the one exception that a user's mistake raises."""


class ClovaError(Exception):
    """Reports a mistake in the input in one line that names the value, the place and the remedy.

    Commands print it without a traceback and exit with status 2.
    """
