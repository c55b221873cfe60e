"""`python -m clova_jax VERB …` is the `clova` command."""

from clova_jax.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
