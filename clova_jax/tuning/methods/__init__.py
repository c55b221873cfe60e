"""Lists the tuning methods, a file each: its config, what it trains, and its usual settings in the tables."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clova_jax.tuning.methods.base import Method

# The names of the files here, as rows of a table show them. Each file has its class as `METHOD`.
METHODS = ("p_tuning", "prompt_tuning", "autoprompt", "lora", "fine_tuning")


def find_method(name: str) -> "type[Method]":
    """Returns the class of a method; only its file is loaded."""
    return importlib.import_module(f"{__name__}.{name}").METHOD
