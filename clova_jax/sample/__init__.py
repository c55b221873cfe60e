"""The sample world: synthetic Korean documents and labelled sets, generated on the spot."""

from clova_jax.sample.write import is_sample, write_sample

__all__ = ["is_sample", "write_sample"]
