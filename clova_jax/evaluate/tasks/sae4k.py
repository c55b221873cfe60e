"""Asks for the intent of an utterance as a short phrase (warnikchow/sae4k): a real task of the kind of Table 5.

The paper's 1,326 dialogues are in-house; here too a text becomes a shorter one, for a speaker.
"""

from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file, read_lines
from clova_jax.evaluate import metrics
from clova_jax.evaluate.task import Item, Task, TaskData

TEST_ITEMS = 1_326  # as many as the paper's test set has


def load(data_dir: Path) -> TaskData:
    """Loads utterances and intent phrases, without rows that lack one; every k-th row is for testing."""
    path = find_file(Path(data_dir) / "dialogue" / "sae4k", "sae4k_v1.txt")
    items = []
    for number, line in read_lines(path):
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) != 3:
            raise ClovaError(f"{path}:{number}: {len(fields)} fields where there should be 3")
        utterance, phrase, _ = fields
        if utterance and phrase:
            text = f"발화: {utterance}\n의도:"
            place = f"{path}:{number}"
            items.append(Item(str(number), place, text, (phrase,), source=utterance))
    if len(items) <= TEST_ITEMS:
        raise ClovaError(f"{path}: {len(items)} rows; more than {TEST_ITEMS} are wanted")
    every = len(items) // TEST_ITEMS
    test = items[: every * TEST_ITEMS : every]
    aside = {item.source for item in test}
    pool = [item for item in items if item.source not in aside]
    note = f"sae4k has no test split of its own: every {every}th row, {TEST_ITEMS} of them"
    return TaskData(test, pool, (note,))


TASK = Task(
    name="sae4k",
    files=("dialogue/sae4k/sae4k_v1.txt",),
    load=load,
    shots=3,
    trials=3,
    metrics=(metrics.bleu("ko-mecab"),),
    source="our wording",
    instruction="사람이 한 말에서 원하는 것을 짧은 구로 쓰세요.",
    max_new_tokens=48,
    copies=True,
)
