"""Help loads nothing heavy: neither `clova --help`, nor a verb's or an experiment's, nor `import clova_jax`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = [
    *("jax", "flax", "optax", "orbax", "matplotlib", "sklearn", "scipy", "torch", "transformers"),
    *("kiwipiepy", "tokenizers", "sentencepiece", "sacrebleu", "lm_eval", "pyspark"),
]
# One process asks for all of them, the lightest first, and stops where something heavy has come in.
SCRIPT = f"""
import contextlib, io, sys

def check(what):
    found = sorted(set({HEAVY}) & set(sys.modules))
    if found:
        sys.exit(f"{{what}} loads {{found}}")

import clova_jax
check("import clova_jax")
from clova_jax.cli import VERBS, main
from clova_jax.cli.table import find_tables
words = [[], *([verb] for verb in VERBS), *(["table", name] for name in find_tables())]
for some in words:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main([*some, "--help"])
    if "usage: clova" not in said.getvalue():
        sys.exit(f"clova {{some}} --help: {{said.getvalue()}}")
    check(f"clova {{' '.join(some)}} --help")
print(len(words))
"""


def test_help_loads_nothing_heavy():
    words = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20
