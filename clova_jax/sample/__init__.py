"""Generates the sample world: synthetic Korean documents and labelled sets."""

from clova_jax.sample.write import is_sample, write_sample

__all__ = ["is_sample", "write_sample"]
