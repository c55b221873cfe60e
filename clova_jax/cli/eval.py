"""Runs `clova eval`: lm-evaluation-harness on a model directory."""

import argparse
import sys
from collections.abc import Sequence

from clova_jax.common.errors import ClovaError

USAGE = """\
usage: clova eval --model DIR [--mesh D,P,M] --tasks NAME,… [options of lm_eval]

Scores a model directory on tasks of lm-evaluation-harness, which the extra `lm-eval` installs.

  --model DIR      the model directory, or a name on the Hugging Face Hub: ORG/NAME[@REVISION]
  --mesh D,P,M     devices for data, pipe and model (default: 1,1,1)

All other options are the harness's own and reach it as they are: --num_fewshot, --limit, --output_path, --log_samples,
--gen_kwargs, --include_path and the rest of its documentation.
"""


def forward(words: Sequence[str]) -> int | None:
    """Hands the words on to the harness, with our model in them."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--model")
    parser.add_argument("--mesh", default="1,1,1")
    parser.add_argument("-h", "--help", action="store_true")
    try:
        ours, theirs = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise ClovaError(f"{error} (try --help)") from None
    if ours.help:
        print(USAGE, end="")
        return 0
    theirs = ["--model", "clova_jax", "--model_args", _model_args(ours), *theirs]
    from clova_jax.interop import ClovaLM  # noqa: F401, registers it; or the extra is missing

    from lm_eval.__main__ import cli_evaluate  # isort: skip

    sys.argv = ["clova eval", *theirs]  # the harness reads no other place
    return cli_evaluate()


def _model_args(ours: argparse.Namespace) -> str:
    if ours.model is None:
        raise ClovaError("--model is required: the model directory (try --help)")
    from clova_jax.interop import model_folder  # here: the help needs no JAX

    path = model_folder(ours.model).absolute()
    if "," in str(path) or "=" in str(path):
        raise ClovaError(f"{path}: the harness cannot take a path with , or =; rename the folder")
    return f"path={path},mesh={ours.mesh.replace(',', ':')}"
