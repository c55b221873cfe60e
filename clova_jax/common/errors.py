"""Defines what ends a command early: a user's mistake, and an interruption from outside."""


class ClovaError(Exception):
    """Reports a mistake in the input in one line that names the value, the place and the remedy.

    Commands print it without a traceback and exit with status 2.
    """


class Interrupted(Exception):
    """Reports that something outside a run ended it, such as a lost process; the same command resumes it.

    Commands print it without a traceback and exit with status 75.
    """
