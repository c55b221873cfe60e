"""Has a model play the test characters through whole talks, and judges what it says; measures style and knowledge by the prompt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clova_jax.apps import characters as app
from clova_jax.common.stop import Stopped
from clova_jax.evaluate import Comparison, Records, digest, generator, interval
from clova_jax.labelled import CharacterTalk, optional_file, read_characters
from clova_jax.language_model import LanguageModel
from clova_jax.sample import write_sample
from clova_jax.tables.models import find_models
from clova_jax.tables.options import Inputs
from clova_jax.tables.table import Row, TableRun

SYSTEMS: Mapping[str, Mapping[str, bool]] = {
    "plain": {"plain": True, "remembers": False, "detects": False},
    "window": {"plain": False, "remembers": False, "detects": False},
    "pcu": {"plain": False, "remembers": False, "detects": True},
    "memory": {"plain": False, "remembers": True, "detects": False},
}
"""plain: the name and the line alone; window: the whole persona; pcu: with the detector; memory: with what was told before."""
JUDGED = 100  # characters that detector and judge learn from, at most
RECALLED, VIOLATED, REACTS = "recalled", "violated", "reacts"


@dataclass(frozen=True)
class Characters:
    """Holds the test talks, and who judges them.

    Args:
        test: talks of characters that nothing was learned from.
        detector: learned from some training characters; the bots have it.
        judge: from others.
        moods: from those of the detector.
        digest: of all texts.
    """

    test: Sequence[CharacterTalk]
    detector: app.Detector
    judge: app.Detector
    moods: app.Moods
    digest: str

    @classmethod
    def read(cls, folder: Path, limit: int | None) -> "Characters":
        """Reads the talks of a folder and trains detector and judge.

        Raises:
            ClovaError: a file is missing or broken.
        """
        train, test = read_characters(folder, "train"), read_characters(folder, "test")[:limit]
        texts = [one.guest + one.reply for talk in (*train, *test) for one in talk.exchanges]
        half = min(len(train) // 2, JUDGED)
        first, second = train[:half], train[-half:]
        detector, judge = app.Detector(first), app.Detector(second)
        return cls(test, detector, judge, app.Moods(first), digest(texts))


def characters_folder(options: Any, data: Path) -> Path:
    """Returns the folder with the talks: the data's, or that of a sample world in `out`, where real data have none."""
    folder = data / "dialogue" / "characters"
    if optional_file(folder, "characters_test.jsonl") is not None:
        return data
    return write_sample(options.out / "sample", 0.1, options.seed)


def adapted_to_characters(options: Any) -> Inputs:
    """Returns models and data; adapted models that are missing in `out/adapted` are trained.

    Args:
        options: of `experiments.character`.

    Raises:
        Stopped: a signal ended a training; the same call goes on there.
    """
    inputs = find_models(options.model, options.data, options.mesh)
    schedule = {"steps": options.steps, "global_batch": options.batch, "length": options.length}
    schedule |= {"learning_rate": options.learning_rate, "seed": options.seed}
    talks = read_characters(characters_folder(options, inputs.data), "train")
    for folder, name in zip(inputs.models, inputs.names, strict=True):
        app.adapt(folder, talks, adapted_folder(options.out, name), schedule)
    return inputs


def adapted_folder(out: Path, name: str) -> Path:
    """Returns where the adaptation of a model goes."""
    return out / "adapted" / name.replace("/", "_")


def adapted_model(run: TableRun) -> LanguageModel:
    """Returns the adapted model of the one that is loaded, kept until another is."""
    if run.found.get("adapted", ("",))[0] != run.model_name:
        model = LanguageModel.load(adapted_folder(run.out, run.model_name) / "model")
        run.found["adapted"] = (run.model_name, model)
    return run.found["adapted"][1]


@dataclass(frozen=True)
class Talks:
    """Plays every test talk with a system: the guest says what he says in the talk, the model answers.

    Args:
        data: the talks.
        system: one of `SYSTEMS`.
    """

    data: Characters
    system: str

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows of the system."""
        model = adapted_model(run)
        said = kept(
            run, self.system, "talks", model, self.data.digest, lambda: self._play(run, model)
        )
        found = {name: np.zeros((len(self.data.test), 2)) for name in (RECALLED, VIOLATED, REACTS)}
        found |= {name: np.zeros((len(self.data.test), 2)) for name in app.VIOLATIONS}
        for number, talk in enumerate(self.data.test):
            own = [row for row in said if row["talk"] == talk.id]
            replies = [row["reply"] for row in own]
            persona = app.persona_of(talk)
            wrong = self.data.judge.all_violations([(persona, reply) for reply in replies])
            about = self.data.judge.about(replies)
            for one, reply, faults, topic in zip(
                talk.exchanges, replies, wrong, about, strict=True
            ):
                _count(found[VIOLATED], number, bool(faults))
                for name in app.VIOLATIONS:
                    _count(found[name], number, name in faults)
                if one.kind == "recall":
                    _count(found[RECALLED], number, one.value in reply)
                if one.kind == "feeling":
                    _count(found[REACTS], number, topic == f"feeling {one.about}")
        run.found.setdefault("talks", {})[run.model_name, self.system] = found
        return [
            row(run, "talk", self.system, metric, statistics)
            for metric, statistics in found.items()
        ]

    def _play(self, run: TableRun, model: LanguageModel) -> list[Row]:
        chosen, options = SYSTEMS[self.system], run.options
        bot = app.CharacterBot(
            model,
            self.data.detector if chosen["detects"] else None,
            self.data.moods,
            window=options.window,
            remembers=chosen["remembers"],
            plain=chosen["plain"],
            tries=options.tries,
        )
        talks = self.data.test
        sessions = [app.Session(app.persona_of(talk)) for talk in talks]
        rows = []
        for turn in range(max(len(talk.exchanges) for talk in talks)):
            if run.stop.requested:
                raise Stopped(run.stop.requested)
            going = [n for n, talk in enumerate(talks) if turn < len(talk.exchanges)]
            seed = int(generator(options.seed, "talk", turn).integers(2**31))
            guests = [talks[n].exchanges[turn].guest for n in going]
            replies = bot.reply_all([sessions[n] for n in going], guests, seed)
            for n, guest, reply in zip(going, guests, replies, strict=True):
                about = {"talk": talks[n].id, "turn": turn, "guest": guest}
                told = dict(sessions[n].turns[-1].told)
                rows.append(about | {"reply": reply.text, "tries": reply.tries, "told": told})
        return rows


@dataclass(frozen=True)
class Style:
    """Swaps the example turns of a prompt for those of another speech level, all else equal, and counts the replies that follow.

    Args:
        data: the talks.
    """

    data: Characters

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns a row for each level shown: replies of that level, beside replies of it where none is shown."""
        model = adapted_model(run)
        said = kept(run, "style", "style", model, self.data.digest, lambda: self._ask(model))
        rows = []
        for level in dict.fromkeys(one["shown"] for one in said if one["shown"]):
            for system, shown in (("shown", level), ("not shown", "")):
                replies = [one["reply"] for one in said if one["shown"] == shown]
                levels = self.data.judge.levels(replies)
                found = np.array([[given == level, 1.0] for given in levels])
                rows.append(row(run, f"style {level}", system, "level", found))
        return rows

    def _ask(self, model: LanguageModel) -> list[Row]:
        levels = list(dict.fromkeys(talk.level for talk in self.data.test))
        rows = []
        for shown in (*levels, ""):
            sessions, guests = [], []
            for talk in self.data.test:
                like = next((one for one in self.data.test if one.level == shown), talk)
                turns = [app.Turn(one.guest, one.reply) for one in like.exchanges[:3]]
                persona = app.Persona(talk.name, talk.about)
                sessions.append(app.Session(persona, turns if shown else []))
                guests.append(next(one.guest for one in talk.exchanges if one.kind == "own"))
            bot = app.CharacterBot(model, remembers=False, plain=True)
            for talk, reply in zip(self.data.test, bot.reply_all(sessions, guests), strict=True):
                rows.append({"talk": talk.id, "shown": shown, "reply": reply.text})
        return rows


def kept(
    run: TableRun,
    system: str,
    kind: str,
    model: LanguageModel,
    data: str,
    make: Callable[[], list[Row]],
) -> list[Row]:
    """Returns what a system said, kept in `predictions.jsonl`."""
    if "records" not in run.found:
        run.found["records"] = Records(run.out)
    records, key = run.found["records"], (f"{run.model_name} {system}", kind, 0, 0)
    settings = {"seed": run.options.seed, "data": data, "weights": model.fingerprint}
    settings |= {"window": run.options.window, "tries": run.options.tries}
    if (found := records.find(key, settings)) is None:
        about = {"app": "character", "kind": kind, "system": system, "model": run.model_name}
        records.add(key, settings, {}, [about | one for one in make()])
        found = records.find(key, settings)
    return list(found[1])


def row(run: TableRun, kind: str, system: str, metric: str, found: np.ndarray) -> Row:
    """Returns a row of per cent with its interval over talks, or over items.

    Args:
        found: float64[n, 2]: what counts, and out of how many.
    """
    return {
        "app": "character",
        "kind": kind,
        "system": system,
        "model": run.model_name,
        "metric": metric,
        **asdict(interval([found], percent, seed=run.options.seed)),
        "items": int(found[:, 1].sum()),
    }


def percent(total: np.ndarray) -> float:
    """Returns per cent of (hits, count); 0 of none."""
    return 100 * float(total[0] / total[1]) if total[1] else 0.0


def _count(found: np.ndarray, number: int, hit: bool) -> None:
    found[number] += (hit, 1)


def compared(run: TableRun, model: str, first: str, second: str, metric: str) -> str:
    """Returns a metric of one system less that of another over the same talks, with its interval."""
    talks, both = run.found["talks"], Comparison(percent, seed=run.options.seed)
    for system in (first, second):
        found = talks[model, system][metric]
        both.add(system, [str(number) for number in range(len(found))], found)
    gap = both.difference(first, second)
    verdict = "holds" if gap.low > 0 else "fails" if gap.high < 0 else "cannot tell"
    return f"{verdict}, by {gap.value:+.1f} ({gap.low:+.1f} to {gap.high:+.1f}) points"
