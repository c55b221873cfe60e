"""A function for worker processes."""

import os

from clova_jax.common.errors import ClovaError


class Doubler:
    """For worker processes: doubles numbers, fails at 7, dies at 8."""

    def __call__(self, number):
        if number == 7:
            raise ClovaError("seven")
        if number == 8:
            os._exit(1)
        return 2 * number
