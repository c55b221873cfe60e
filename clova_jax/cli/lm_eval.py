"""The `lm_eval` command with the model `clova_jax` in it."""

import sys

from clova_jax.common.errors import ClovaError


def main() -> int:
    """Registers the model and hands on to lm-evaluation-harness; returns the exit status."""
    try:
        from lm_eval.__main__ import cli_evaluate

        import clova_jax.evaluate.harness  # noqa: F401, registers the model

        return cli_evaluate() or 0
    except ClovaError as error:
        print(f"lm_eval: error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
