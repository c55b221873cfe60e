"""Instructions: wordings, tasks, packing, a loss over answers alone, runs that are stopped, the template that is kept."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax.align.instructions import (
    CHAT,
    FAMILIES,
    KINDS,
    TEMPLATE,
    Instruction,
    InstructionGradient,
    arrays,
    encode,
    mixture,
    pack,
    read_tasks,
    tune_instructions,
)
from clova_jax.common.errors import ClovaError
from clova_jax.common.stop import Stopped
from clova_jax.inference import score_ids
from clova_jax.model import Message
from clova_jax.sample import write_sample
from clova_jax.tuning import FineTuningConfig, LoraConfig, TuneOptions
from tests.worlds.models import make_lm

LENGTH = 96


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    return read_tasks(write_sample(tmp_path_factory.mktemp("data"), megabytes=0.1))


@pytest.fixture(scope="module")
def lm():
    return make_lm(max_length=LENGTH)


def some(count=24):
    return [
        Instruction((Message("user", f"{n}번 물음{'!' * (n % 5)}"),), f"답 {n % 3}")
        for n in range(count)
    ]


def rows_of(lm, count, instructions=None):
    given = instructions or itertools.cycle(some())
    return pack(encode(lm.tokenizer, TEMPLATE, given), LENGTH, count)[0]


def options(**more):
    asked = {"steps": 4, "batch_size": 2, "learning_rate": 1e-3, "evaluate_every": 2}
    return TuneOptions(**(asked | {"patience": 100} | more))


def test_each_task_has_eight_wordings_of_its_own():
    for kind in KINDS.values():
        assert len(set(kind.wordings)) == 8
        assert all(wording.count("{text}") == 1 for wording in kind.wordings)
        assert kind.family in FAMILIES
    # Every label can be read in every wording, but in those that a reader asks.
    for name in ("nsmc", "korsts"):
        words = {"nsmc": ("긍정", "부정"), "korsts": ("같음", "다름")}[name]
        assert all(word in wording for wording in KINDS[name].wordings for word in words)


def test_the_sample_has_its_tasks_and_shares_nothing_between_splits(tasks):
    names = [task.name for task in tasks]
    assert (
        names
        == [
            *("nsmc", "ynat", "klue_sts", "query_modification", "ko_en", "en_ko", "chat", "korquad")
        ]
        or "sae4k" in names
    )
    for task in tasks:
        assert task.train
        assert task.test
        item = task.train[0]
        said = task.instruction(item, task.kind.wordings[0])
        assert task.kind.text(item) in said
        if task.task.labels:
            assert task.answer(item) in task.task.labels.values()
    chat = next(task for task in tasks if task.name == CHAT.name)
    assert not {item.text for item in chat.train} & {item.text for item in chat.test}
    assert not {item.answers for item in chat.train} & {item.answers for item in chat.test}


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(ClovaError, match="has the files of none of nsmc"):
        read_tasks(tmp_path)


def test_the_mixture_follows_from_the_seed_and_keeps_to_its_wordings(tasks):
    first, again, other = (
        list(itertools.islice(mixture(tasks, slice(0, 6), 20, seed), 200)) for seed in (0, 0, 1)
    )
    assert first == again != other
    lines = [one.messages[-1].content for one in first]
    for task in tasks:
        if task.name == CHAT.name:
            continue
        for wording in task.kind.wordings[6:]:
            head, _, tail = wording.partition("{text}")
            assert not any(line.startswith(head) and line.endswith(tail) for line in lines)
    kinds = {tuple(message.role for message in one.messages) for one in first}
    assert {("user",), ("system", "user"), ("user", "assistant", "user")} <= kinds


def test_an_epoch_has_at_most_so_many_items_of_a_task(tasks):
    sizes = [min(len(task.train), 5) for task in tasks]
    drawn = list(itertools.islice(mixture(tasks, slice(0, 6), 5, 0), sum(sizes)))
    answers = [one.answer for one in drawn]
    reviews = next(task for task in tasks if task.name == "nsmc")
    assert sum(answer in ("긍정", "부정") for answer in answers) == min(len(reviews.train), 5)


def test_a_mixture_of_nothing_is_refused_when_it_is_asked_for(tasks):
    reviews = next(task for task in tasks if task.name == "nsmc")
    tested = dataclasses.replace(reviews, train=())
    for some in ([], [tested]):
        with pytest.raises(ClovaError, match="no items to learn from"):
            mixture(some, slice(0, 6), 5, 0)
    assert next(mixture([tested, reviews], slice(0, 6), 5, 0)).answer in ("긍정", "부정")
    with pytest.raises(ClovaError, match="per_task=0; wants 1 or more"):
        mixture(tasks, slice(0, 6), 0, 0)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=40))
def test_packing_loses_nothing_and_counts_answers_alone(sizes):
    examples = [
        (list(range(100 * n, 100 * n + before)), list(range(100 * n + 50, 100 * n + 50 + answer)))
        for n, (before, answer) in enumerate(sizes)
    ]
    rows, long = _all(examples)
    found = {}
    for row in rows:
        assert len(row.ids) <= 12
        assert (row.positions == _positions(row.segments)).all()
        for number in np.unique(row.segments):
            own = np.flatnonzero(row.segments == number)
            asked = [n for n, at in enumerate(row.where) if at in own]
            found[int(row.ids[own[0]])] = (row.ids[own].tolist(), row.targets[asked].tolist())
            assert row.where[asked].tolist() == list(range(own[-1] - len(asked) + 1, own[-1] + 1))
    fit = [one for one in examples if len(one[0]) + len(one[1]) - 1 <= 12]
    assert long == len(examples) - len(fit)
    assert found == {c[0]: ([*c, *a[:-1]], a) for c, a in fit}


def _all(examples):
    """All rows of the examples, however many there are."""
    for count in range(len(examples), 0, -1):
        try:
            return pack(examples, 12, count)
        except ClovaError:
            continue
    return [], len(examples)


def _positions(segments):
    return [int((segments[:at] == one).sum()) for at, one in enumerate(segments)]


def test_what_does_not_fit_is_counted_or_refused(lm):
    long = Instruction((Message("user", "가" * 200),), "답")
    given = itertools.cycle([long, *some(3)])
    rows, left_out = pack(encode(lm.tokenizer, TEMPLATE, given), LENGTH, 3)
    assert len(rows) == 3
    assert left_out > 0
    with pytest.raises(ClovaError, match="longer than a row"):
        pack(encode(lm.tokenizer, TEMPLATE, itertools.repeat(long)), LENGTH, 1)
    with pytest.raises(ClovaError, match="fill 1 of 9 rows"):
        pack(encode(lm.tokenizer, TEMPLATE, some(1)), LENGTH, 9)


def test_the_loss_is_that_of_each_answer_by_itself(lm):
    rows = rows_of(lm, 4)
    method = FineTuningConfig().method()
    gradient = InstructionGradient(lm, method, rows, rows, LENGTH, 2)
    start = method.init(lm, 0)
    loss, gradients = gradient(start, rows)
    contexts, answers = [], []
    for row in rows:
        for number in np.unique(row.segments):
            own = np.flatnonzero(row.segments == number)
            targets = row.targets[np.isin(row.where, own)]
            contexts.append(row.ids[own][: len(own) - len(targets) + 1].tolist())
            answers.append(targets.tolist())
            assert targets[-1] == lm.tokenizer.end_of_text
    alone = score_ids(lm, contexts, answers)[0]
    assert len(alone) > len(rows)
    assert float(loss) == pytest.approx(-alone.sum() / sum(map(len, answers)), rel=1e-4)
    assert gradient.validate(start)["dev_loss"] == pytest.approx(float(loss), rel=1e-4)
    assert max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(gradients)) > 0
    ids, positions, segments, where, targets, weights = arrays(rows, LENGTH, 64)
    assert ids.shape == positions.shape == segments.shape == (4, LENGTH)
    assert where.shape == targets.shape == weights.shape == (4, 64)
    assert weights.sum() == sum(map(len, answers))


@pytest.mark.parametrize("lora", [None, LoraConfig(r=2)])
def test_a_tuned_model_learns_and_has_its_template(lm, lora):
    rows, before = rows_of(lm, 62), jax.tree.map(np.asarray, lm.params)
    found = tune_instructions(
        lm,
        rows[2:],
        rows[:2],
        TEMPLATE,
        options(steps=30, evaluate_every=10, learning_rate=1e-2),
        length=LENGTH,
        lora=lora,
    )
    history = found.tuned.history
    assert history[-1]["dev_loss"] < history[0]["dev_loss"]
    jax.tree.map(np.testing.assert_array_equal, before, jax.tree.map(np.asarray, lm.params))
    assert lm.chat is None
    assert found.model.chat == TEMPLATE


def test_a_stopped_run_gives_the_same_weights(lm, tmp_path):
    rows = rows_of(lm, 10)

    class Stop:
        requested = 0

    def tune(out, stop=None, **more):
        return tune_instructions(
            lm, rows[2:], rows[:2], TEMPLATE, options(**more), length=LENGTH, out=out, stop=stop
        )

    straight = tune(tmp_path / "straight")
    stop = Stop()
    stop.requested = 2
    with pytest.raises(Stopped):
        tune(tmp_path / "stopped", stop)
    resumed = tune(tmp_path / "stopped")
    jax.tree.map(np.testing.assert_array_equal, straight.model.params, resumed.model.params)
    with pytest.raises(ClovaError, match="another"):
        tune(tmp_path / "straight", steps=6)


def test_rows_that_the_context_does_not_hold_are_refused(lm):
    rows = rows_of(lm, 4)
    with pytest.raises(ClovaError, match="above the 96 tokens"):
        tune_instructions(lm, rows, rows, TEMPLATE, options(), length=97)
    with pytest.raises(ClovaError, match="no instructions"):
        tune_instructions(lm, [], rows, TEMPLATE, options(), length=LENGTH)
