"""From Korean text to a table in one command: tokenizer, training, few-shot accuracy, samples, plots.

python -m experiments.quickstart                      # the embedded, synthetic sample world
python -m experiments.quickstart --data DIR           # real text and the real NSMC
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from clova_jax import SIZES
from clova_jax.common.command import main, mesh_option, option, seed_option
from clova_jax.common.errors import ClovaError
from clova_jax.common.run_folder import holds_out


@dataclass(frozen=True)
class Options:
    """Trains a small Korean language model from raw text and scores it; a first look at everything.

    Without --data the text is the embedded sample world: generated, synthetic, and called so.
    The same command again picks up where it was.
    """

    data: Path | None = option(None, "a folder laid out like the official data", metavar="DIR")
    size: str = option("tiny", f"one of {', '.join(SIZES)}")
    megabytes: float = option(10.0, "of text to train on", above=0)
    steps: int = option(1200, "training steps", least=1)
    global_batch: int = option(8, "sequences a step", least=1)
    length: int = option(128, "tokens a sequence", least=1)
    shots: tuple[int, ...] = option((0, 2, 6), "examples in the prompt", least=0)
    trials: int = option(3, "random sets of examples", least=1)
    limit: int = option(500, "test reviews a trial", least=1)
    mesh: tuple[int, ...] = mesh_option()
    seed: int = seed_option("fixes everything")
    out: Path = option(Path("runs/quickstart"), "where everything goes", metavar="DIR")

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise ClovaError(f"--size: {self.size!r} is not one of {', '.join(SIZES)}")


@holds_out
def run(options: Options) -> int:
    """The whole way; returns the exit status."""
    print(f"quickstart: everything goes to {options.out}", file=sys.stderr, flush=True)
    from .quickstart_steps import whole_way  # after the first line: it takes seconds to load

    return whole_way(options)


if __name__ == "__main__":
    raise SystemExit(main(Options, run))
