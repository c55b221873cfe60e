"""Functions for worker processes."""

import os
import time

from clova_jax.common.errors import ClovaError


class Doubler:
    """For worker processes: doubles numbers, fails at 7, dies at 8, is busy for long at 9."""

    def __call__(self, number):
        if number == 7:
            raise ClovaError("seven")
        if number == 8:
            os._exit(1)
        if number == 9:
            time.sleep(1_000)
        return 2 * number


class Broken:
    """Cannot even be made."""

    def __init__(self):
        raise ClovaError("seven")


def process_id(seconds):
    """The worker's own number, after some seconds."""
    time.sleep(seconds)
    return os.getpid()


def misbehave(how):
    """Raises what a worker might, or returns what cannot travel."""
    if how == "end":
        raise EOFError("the file ends")
    if how == "seven":
        raise ClovaError("seven")
    return lambda: how
