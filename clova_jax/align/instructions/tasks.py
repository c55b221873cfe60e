"""Reads the tasks that instructions are made of: what is asked about, the answer, and eight wordings each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clova_jax.align.instructions import wordings
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import find_file
from clova_jax.evaluate import (
    Item,
    Task,
    TaskData,
    character_f1,
    load_task,
    read_pairs,
    read_paragraphs,
)
from clova_jax.labelled import chat_groups, optional_file, read_chats

CHATS = "dialogue/Chatbot_data/ChatbotData.csv"
TEST_SHARE = 10  # of so many groups of chats, one is for testing
PARALLEL = "parallel/koen_train.tsv"
QUESTIONS = "korquad/KorQuAD_v1.0_train.json"


def _load_chats(data: Path) -> TaskData:
    """Reads chats; every tenth group that shares no text with another is for testing."""
    path = Path(CHATS)
    groups = chat_groups(read_chats(data / path.parent))
    place = str(data / path)
    items = [
        [Item(f"{number}-{at}", place, one.text, (one.answer,)) for at, one in enumerate(some)]
        for number, some in enumerate(groups)
    ]
    parts: tuple[list[Item], list[Item]] = ([], [])
    for number, some in enumerate(items):
        parts[number % TEST_SHARE == 0].extend(some)
    return TaskData(parts[1], parts[0], ("every tenth group of chats is for testing",))


CHAT = Task(
    name="chat",
    files=(CHATS,),
    load=_load_chats,
    shots=4,
    trials=1,
    metrics=(character_f1,),
    source="our wording",
    max_new_tokens=32,
)


@dataclass(frozen=True)
class Kind:
    """Says how items of a task become instructions.

    Args:
        family: of tasks that are alike; one is left out as a whole.
        wordings: eight, with `{text}` where what is asked about stands.
        text: of an item, what is asked about.
        train: reads the items to learn from, given the data folder and the task's pool.
    """

    family: str
    wordings: tuple[str, ...]
    text: Callable[[Item], str] = lambda item: item.text
    train: Callable[[Path, TaskData], Sequence[Item]] = lambda data, task: task.pool

    def __post_init__(self) -> None:
        if any(wording.count("{text}") != 1 for wording in self.wordings):
            raise ClovaError(f"{self.family}: every wording wants one {{text}}")


def _pairs(source: str, target: str) -> Callable[[Path, TaskData], Sequence[Item]]:
    def read(data: Path, task: TaskData) -> Sequence[Item]:
        path = Path(PARALLEL)
        return read_pairs(find_file(data / path.parent, path.name), source, target)

    return read


def _questions(data: Path, task: TaskData) -> Sequence[Item]:
    """Reads KorQuAD's training questions; none where the data have no such file."""
    path = optional_file(data, QUESTIONS)
    return [item for one in read_paragraphs(path) for item in one.items()] if path else []


def _asked(item: Item) -> str:
    question = item.text.removeprefix("질문: ").removesuffix("\n\n답:")
    return f"{item.lead}\n물음: {question}"


def _without(end: str) -> Callable[[Item], str]:
    return lambda item: item.text.removesuffix(end)


def _source(item: Item) -> str:
    return item.source


KINDS = {
    "nsmc": Kind("sentiment", wordings.SENTIMENT),
    "ynat": Kind("topic", wordings.TOPIC),
    "korsts": Kind("similarity", wordings.SIMILARITY, _without("\n정답:")),
    "klue_sts": Kind("similarity", wordings.SIMILARITY, _without("\n정답:")),
    "3i4k": Kind("intent", wordings.SPEECH_ACT),
    "sae4k": Kind("intent", wordings.INTENT, _source),
    "query_modification": Kind("query", wordings.QUERY, _without("\n수정:")),
    "ko_en": Kind("translation", wordings.TO_ENGLISH, _source, _pairs("ko", "en")),
    "en_ko": Kind("translation", wordings.TO_KOREAN, _source, _pairs("en", "ko")),
    "chat": Kind("chat", wordings.CHAT),
    "korquad": Kind("reading", wordings.READING, _asked, _questions),
}
FAMILIES = tuple(dict.fromkeys(kind.family for kind in KINDS.values()))
INSTEAD = {"klue_sts": "korsts"}  # is left out where the other is there


@dataclass(frozen=True)
class InstructionTask:
    """Holds the items of a task.

    Args:
        task: what answers are scored by.
        kind: how items become instructions.
        train: items to learn from; none of a task that is only tested.
        test: items to score.
    """

    task: Task
    kind: Kind
    train: Sequence[Item]
    test: Sequence[Item]

    @property
    def name(self) -> str:
        """Returns the name of the task."""
        return self.task.name

    def instruction(self, item: Item, wording: str) -> str:
        """Returns what the user says of an item."""
        return wording.replace("{text}", self.kind.text(item))

    def answer(self, item: Item) -> str:
        """Returns the right answer: the label's word, or the first text that is accepted."""
        labels, first = self.task.labels, item.answers[0]
        return labels[first] if labels else first


def read_tasks(data: Path, names: Sequence[str] = tuple(KINDS)) -> list[InstructionTask]:
    """Reads the tasks whose files a data folder has.

    Args:
        data: a folder laid out like the official data.
        names: of the tasks that are wanted.

    Raises:
        ClovaError: none of them is there; a file is damaged.
    """
    found = {}
    for name in KINDS:
        task = CHAT if name == CHAT.name else load_task(name)
        if name in names and task.present(data) and INSTEAD.get(name) not in found:
            loaded, kind = task.load(data), KINDS[name]
            found[name] = InstructionTask(task, kind, kind.train(data, loaded), loaded.items)
    if not found:
        raise ClovaError(f"{data}: has the files of none of {', '.join(names)}")
    return list(found.values())
