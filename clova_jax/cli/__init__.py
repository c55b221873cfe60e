"""The `clova` command: one file a verb, each with a typed dataclass `Options` and a `run`."""

import importlib
import sys
from collections.abc import Sequence

from clova_jax.common import command

VERBS = {
    "download": "get labelled data sets from their official addresses",
    "corpus": "raw text to clean documents",
    "corpus-model": "train the models that clean",
    "tokenizer": "train a tokenizer",
    "pretrain": "train a language model",
    "serialize": "documents to token shards",
    "plan": "memory, time and days of a size on a mesh, before paying for it",
    "generate": "continue a text, or talk",
    "import-hf": "a Hugging Face model becomes a model directory",
    "export-hf": "a model directory becomes one for Hugging Face",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `clova VERB …`; returns the exit status."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: clova VERB [options]; `clova VERB --help` tells the options\n")
        print("\n".join(f"  {verb:<14}{about}" for verb, about in VERBS.items()))
        return 0 if argv else 2
    verb, *rest = argv
    if verb not in VERBS:
        print(f"clova: error: no verb {verb!r}; there are: {', '.join(VERBS)}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"clova_jax.cli.{verb.replace('-', '_')}")
    return command.main(module.Options, module.run, rest, prog=f"clova {verb}")
