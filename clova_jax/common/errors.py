"""The one exception that a user's mistake ends in."""


class ClovaError(Exception):
    """A mistake in the input: one line that names the value, the place and the remedy.

    Commands print it without a traceback and exit with status 2.
    """
