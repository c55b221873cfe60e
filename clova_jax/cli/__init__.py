"""Runs the `clova` command: one file a verb, each with a typed dataclass `Options` and a `run`."""

import importlib
import sys
from collections.abc import Sequence

from clova_jax import __version__
from clova_jax.common.errors import ClovaError
from clova_jax.common.exit_status import guard

VERBS = {
    "download": "Get labelled data sets from their official addresses.",
    "corpus": "Turn raw text into clean documents, with a report.",
    "media": "Keep images, speech and video beside their documents.",
    "corpus-model": "Train the models that judge text for `clova corpus`.",
    "tokenizer": "Train a tokenizer on documents.",
    "serialize": "Turn documents into token shards.",
    "plan": "Predict memory, time and days of a training before paying for it.",
    "pretrain": "Train a language model.",
    "tune": "Tune a prompt for a model, or the model, on a labelled task.",
    "generate": "Continue a text, or one text after another.",
    "eval": "Score a model with lm-evaluation-harness.",
    "studio": "Serve a model over HTTP, as OpenAI and CLOVA Studio do.",
    "results": "Collect the scores of runs on a page, by model and task.",
    "table": "Make a table of the paper, or another experiment.",
    "import-hf": "Turn a Hugging Face model into a model directory.",
    "export-hf": "Turn a model directory into a Hugging Face model.",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `clova VERB …`; returns the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    verb, *rest = argv or [""]
    return guard(f"clova {verb}" if verb in VERBS else "clova", lambda: _run(verb, rest))


def _run(verb: str, rest: list[str]) -> int | None:
    if verb in ("-h", "--help"):
        print(_usage())
        return 0
    if verb == "--version":
        print(f"clova {__version__}")
        return 0
    if not verb:
        print(_usage(), file=sys.stderr)
        return 2
    if verb not in VERBS:
        raise ClovaError(f"no verb {verb!r}; there are: {', '.join(VERBS)}")
    module = importlib.import_module(f"clova_jax.cli.{verb.replace('-', '_')}")
    if hasattr(module, "forward"):  # the words belong to another command
        return module.forward(rest)
    from clova_jax.common.command import parse  # here: the list of verbs needs none of it

    return module.run(parse(module.Options, rest, prog=f"clova {verb}"))


def _usage() -> str:
    verbs = "\n".join(f"  {verb:<14}{about}" for verb, about in VERBS.items())
    return (
        "usage: clova VERB [options]\n\n"
        "Korean language models from raw text to the tables of the HyperCLOVA paper.\n\n"
        f"verbs:\n{verbs}\n\n"
        "`clova VERB --help` shows the options of a verb, `clova --version` the version."
    )
