"""Maps a method's name to the cell of a table: its usual config and its training run.

The paper gives no hyper-parameters. Shapes are the original p-tuning code's (for GPT: virtual tokens before and
after the text). Of the rates only p-tuning's was compared: on the embedded sample's development split 1e-3 and
5e-3 came out alike.
"""

from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import Task
from clova_jax.tables.options import ENCODERS
from clova_jax.tables.tuned import TunedCell
from clova_jax.tuning import METHODS, TuneOptions, find_method


def make_cell(
    method: str,
    task: Task,
    *,
    encoder: str = "lstm",
    examples: int | None = None,
    shots: int = 0,
    steps: int = 1_000,
    batch_size: int = 16,
) -> TunedCell:
    """Makes a cell of the table with a method's usual settings.

    Raises:
        ClovaError: no such method or encoder.
    """
    if method not in METHODS:
        raise ClovaError(f"no method {method!r}; there are few_shot, probe, {', '.join(METHODS)}")
    if encoder not in ENCODERS:
        raise ClovaError(f"no encoder {encoder!r}; there are {', '.join(ENCODERS)}")
    found = find_method(method)
    options = TuneOptions(
        steps=min(steps, found.most_steps or steps),
        batch_size=batch_size,
        learning_rate=found.learning_rate,
    )
    encoder = encoder if found.encoders else ""
    return TunedCell(method, encoder, found.usual(task, encoder), options, examples, shots)
