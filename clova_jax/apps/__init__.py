"""Holds applications of a language model, and the filters that all of them answer through."""

from clova_jax.apps.filters import (
    ACTIONS,
    KINDS,
    Filters,
    StreamFilter,
    check_policy,
)

__all__ = ["ACTIONS", "KINDS", "Filters", "StreamFilter", "check_policy"]
