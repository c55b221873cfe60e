"""Computes the rows of the sentiment neuron: what is found in a character model and in a decoder's layers, and what holding it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from clova_jax import lecture
from clova_jax.corpus import NgramModel
from clova_jax.evaluate import Interval, Records, generator, interval, proportion
from clova_jax.tables import trainings
from clova_jax.tables.neuron_sets import Labelled, NeuronSet
from clova_jax.tables.table import Row, TableRun

TRAINING = "training"  # the folder of the character model's run
LEVELS = (-2, -1, 0, 1, 2)  # deviations from the mean of a unit at the ends of reviews
BITS_TEXTS = 500  # held-out texts whose bits are counted at each level, at most


class Bench:
    """Holds what the cells share of a training: the texts, the trained character model and its units, made when first asked for.

    Args:
        run: with the options.
        texts: of the search.
        trial: which training, counted from 0; the run's seed and its number make its own.
    """

    def __init__(self, run: TableRun, texts: NeuronSet, trial: int) -> None:
        self.run, self.set, self.options, self.trial = run, texts, run.options, trial
        self.seed = run.options.seed + trial
        self.records = Records(run.out)

    @cached_property
    def model(self) -> lecture.CharacterModel:
        """Returns the character model, trained now where it is missing."""
        options = self.options
        training = lecture.CharacterTraining(
            kind=options.kind,
            units=options.units,
            characters=options.characters,
            epochs=options.epochs,
            rows=options.rows,
            length=options.length,
            learning_rate=options.learning_rate,
            seed=self.seed,
        )
        return lecture.train_characters(self.set.texts, self.set.held_out, training, self.folder)

    @property
    def folder(self) -> Path:
        """Returns the folder of the training."""
        return self.options.out / TRAINING / str(self.trial)

    @cached_property
    def untrained(self) -> lecture.CharacterModel:
        """Returns a model of the same shape that has learned nothing."""
        params = lecture.init_characters(self.model.config, self.seed + 1)
        return replace(self.model, params=params)

    @cached_property
    def units(self) -> "Moments":
        """Returns how the trained model's units lie over development reviews, the best unit first."""
        states = lecture.read_cells(self.model, self.set.dev.texts)
        found = lecture.find_units(states, self.set.dev.positive)
        return Moments(found, states.mean(axis=0), states.std(axis=0))

    def losses(self) -> list[tuple[int, float]]:
        """Returns (characters read, bits a character) of each training step."""
        return self._metrics("loss", 1 / np.log(2))

    def validations(self) -> list[tuple[int, float]]:
        """Returns (characters read, bits a character) of held-out text at each validation."""
        return self._metrics("val_bits_per_character", 1.0)

    def _metrics(self, name: str, scale: float) -> list[tuple[int, float]]:
        rows = trainings.read_metrics(self.folder)
        return [(row["tokens"], scale * row[name]) for row in rows if row.get(name) is not None]

    def kept(self, name: str, about: dict[str, Any], compute: Callable[[], Any]) -> Any:
        """Returns a summary with its rows; those of a finished part are read back."""
        self.run.stop.check()
        settings = {"data": self.set.digest, "seed": self.options.seed, **about}
        key = (name, "nsmc", 0, self.trial)
        if self.records.find(key, settings) is None:
            self.records.add(key, settings, *compute())
        return self.records.find(key, settings)


@dataclass(frozen=True)
class Moments:
    """Holds the units of a model over development reviews.

    Args:
        ranked: the best first.
        mean, spread: of each unit's cell at the ends of reviews.
    """

    ranked: Sequence[lecture.Unit]
    mean: Float32[np.ndarray, "H"]
    spread: Float32[np.ndarray, "H"]

    def value(self, unit: lecture.Unit, level: float) -> float:
        """Returns the value of a unit so many deviations towards positive."""
        move = unit.sign * level * self.spread[unit.number]
        return float(self.mean[unit.number] + move)


def benches(run: TableRun, texts: NeuronSet) -> list[Bench]:
    """Returns what the cells of a run share, of each training."""
    if "benches" not in run.found:
        run.found["benches"] = [Bench(run, texts, trial) for trial in range(run.options.seeds)]
    return run.found["benches"]


def judge(run: TableRun, texts: NeuronSet) -> NgramModel:
    """Returns the judge: logistic regression on character n-grams of the other half of the labelled reviews."""
    if "judge" not in run.found:
        run.found["judge"] = _ngrams(texts.judged)
    return run.found["judge"]


def is_first(run: TableRun) -> bool:
    """Returns True where no decoder, or the first one, is loaded: what does not hang on it is computed once."""
    return run.model_name in ("", *run.inputs.names[:1])


@dataclass(frozen=True)
class Find:
    """Trains the character model, and finds the unit: rows of it, of an untrained one, of n-grams and of the majority.

    Args:
        texts: of the search.
    """

    texts: NeuronSet

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; the training is resumed, finished parts are read back."""
        if not is_first(run):
            return []
        kind, shared = run.options.kind, benches(run, self.texts)
        search = run.found.setdefault("search", {})
        search[kind] = [self._search(one, kind, "model") for one in shared]
        name = f"{kind}, untrained"
        search[name] = [self._search(one, name, "untrained") for one in shared]
        rows = [row for one in (kind, name) for row in search_rows(run, one, None)]
        return rows + rivals(run, self.texts)

    def _search(self, shared: Bench, name: str, which: str) -> Any:
        options = shared.options
        about = {"kind": options.kind, "units": options.units, "epochs": options.epochs}
        about |= {"examples": options.examples, "limit": options.limit}

        def compute() -> tuple[dict[str, Any], list[Row]]:
            parts = (self.texts.learn, self.texts.dev, self.texts.test)
            model = getattr(shared, which)
            return decide(
                self.texts, *(np.tanh(lecture.read_cells(model, part.texts)) for part in parts)
            )

        return shared.kept(name, about, compute)


@dataclass(frozen=True)
class Layers:
    """Searches the residual stream after each layer of a decoder in the same way.

    Args:
        texts: of the search.
    """

    texts: NeuronSet

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns rows of each layer; finished layers are read back."""
        if run.model is None:
            return []
        shared, *_ = benches(run, self.texts)
        options, rows = run.options, []
        parts = ("learn", "dev", "test")
        states: dict[str, np.ndarray] = {}
        for layer in range(run.model.config.num_layers + 1):

            def compute(layer: int = layer) -> tuple[dict[str, Any], list[Row]]:
                if not states:
                    for part in parts:
                        texts = getattr(self.texts, part).texts
                        states[part] = lecture.layer_states(run.model, texts)
                return decide(self.texts, *(states[part][layer] for part in parts))

            about = {"weights": run.model.fingerprint}
            about |= {"examples": options.examples, "limit": options.limit}
            found = shared.kept(f"{run.model_name} layer {layer}", about, compute)
            run.found.setdefault("search", {})[run.model_name, layer] = [found]
            rows += search_rows(run, run.model_name, layer)
        return rows


@dataclass(frozen=True)
class Clamp:
    """Holds the unit, and others alike, while texts are written and read: share positive, and bits a character.

    Args:
        texts: of the search.
    """

    texts: NeuronSet

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; finished texts are read back."""
        if not is_first(run):
            return []
        shared = benches(run, self.texts)
        held: dict[tuple[str, int | None], list[list[Any]]] = {}  # of each training, of each unit
        for one in shared:
            best, *others = one.units.ranked
            drawn = generator(one.seed, "controls").permutation(len(others))
            controls = [others[i] for i in drawn[: run.options.controls]]
            held.setdefault(("free", None), []).append([self._part(one, None, 0)])
            for level in LEVELS:
                for name, units in (("sentiment unit", [best]), ("other units", controls)):
                    parts = [self._part(one, unit, level) for unit in units]
                    held.setdefault((name, level), []).append(parts)
        run.found["clamp"] = held
        return [row for system, level in held for row in self._rows(run, system, level)]

    def _part(self, shared: Bench, unit: lecture.Unit | None, level: int) -> Any:
        options = shared.options
        about = {"kind": options.kind, "units": options.units, "epochs": options.epochs}
        about |= {name: getattr(options, name) for name in ("texts", "longest", "examples")}
        name = "free" if unit is None else f"unit {unit.number} held at {level:+d}"

        def compute() -> tuple[dict[str, Any], list[Row]]:
            model, held = shared.model, lecture.free(shared.model, options.texts)
            if unit is not None:
                held[:, unit.number] = shared.units.value(unit, level)
            written = lecture.write_texts(model, held, shared.seed, longest=options.longest)
            judged = judge(shared.run, self.texts)(written)[:, 0]
            some = self.texts.held_out[:BITS_TEXTS]
            bits, characters = lecture.count_bits(model, some, held[:1])
            rows = [
                {"held": name, "text": text, "judge": float(good)}
                for text, good in zip(written, judged, strict=True)
            ]
            return {"bits": bits.tolist(), "characters": characters.tolist()}, rows

        return shared.kept(f"{options.kind}, {name}", about, compute)

    def _rows(self, run: TableRun, system: str, level: int | None) -> list[Row]:
        found = [part for parts in run.found["clamp"][system, level] for part in parts]
        shares = [hits(rows) for _, rows in found]
        costs = [np.stack([mark["bits"], mark["characters"]], axis=1) for mark, _ in found]
        options = run.options
        about = {"kind": "clamp", "model": options.kind, "system": system, "held": level}
        about["units"] = len(found) // options.seeds if level is not None else 0
        spread = {"positive": (shares, 100.0, 100.0), "bits_per_character": (costs, 1.0, np.inf)}
        return [
            about | {"metric": metric} | vars(over(trials, scale, most, options.seed))
            for metric, (trials, scale, most) in spread.items()
        ]


def hits(rows: Sequence[Row]) -> np.ndarray:
    """Returns for each text whether the judge calls it positive, and 1."""
    return np.array([(row["judge"] >= 0.5, 1) for row in rows], np.float64)


def over(trials: Sequence[np.ndarray], scale: float, most: float, seed: int) -> Interval:
    """Returns the ratio of two sums over texts, with a 95% interval over texts and, of several units, over these."""
    return interval(trials, lambda s: scale * s[0] / s[1], bounds=(0.0, most), seed=seed)


def decide(
    texts: NeuronSet, learn: np.ndarray, dev: np.ndarray, test: np.ndarray
) -> tuple[dict[str, Any], list[Row]]:
    """Finds in states of `learn` and `dev`, and decides those of the test."""
    unit = lecture.find_units(dev, texts.dev.positive)[0]
    regression = lecture.fit_regression(learn, texts.learn.positive, dev, texts.dev.positive)
    summary = vars(unit) | {"used": regression.used, "strength": regression.strength}
    columns = zip(
        texts.test.texts,
        texts.test.positive,
        test[:, unit.number],
        unit(test),
        regression(test),
        strict=True,
    )
    rows = [
        {
            "text": text,
            "positive": bool(good),
            "state": float(state),
            "one": bool(one),
            "all": bool(every),
        }
        for text, good, state, one, every in columns
    ]
    return summary, rows


def search_rows(run: TableRun, model: str, layer: int | None) -> list[Row]:
    """Returns accuracy on the test by all units and by the best one, and how many units are used on average."""
    found = run.found["search"][model if layer is None else (model, layer)]
    about = {"kind": "find", "model": model, "layer": layer}
    rows = []
    for system, key in (("all units", "all"), ("one unit", "one")):
        used = [summary["used"] if key == "all" else 1 for summary, _ in found]
        right = [np.array([row[key] == row["positive"] for row in texts]) for _, texts in found]
        score = vars(accuracy(right, run.options.seed))
        units = round(float(np.mean(used)))
        rows.append(about | {"system": system, "metric": "accuracy", **score, "units": units})
    return rows


def accuracy(right: Sequence[np.ndarray], seed: int) -> Interval:
    """Returns a share in per cent: an exact interval of one training, one over items and trainings of several."""
    if len(right) == 1:
        return proportion(int(right[0].sum()), len(right[0]))
    trials = [np.stack([one, np.ones(len(one))], axis=1).astype(float) for one in right]
    return over(trials, 100.0, 100.0, seed)


def rivals(run: TableRun, texts: NeuronSet) -> list[Row]:
    """Returns accuracy of character n-grams that learned from the same examples, and of the majority class."""
    shared, *_ = benches(run, texts)

    def compute() -> tuple[dict[str, Any], list[Row]]:
        positive = np.concatenate([texts.learn.positive, texts.dev.positive])
        fitted = _ngrams(Labelled([*texts.learn.texts, *texts.dev.texts], positive))
        said = fitted(list(texts.test.texts))[:, 0] >= 0.5
        return {"majority": bool(positive.mean() >= 0.5)}, [{"n-grams": bool(one)} for one in said]

    summary, rows = shared.kept("n-grams", {"examples": shared.options.examples}, compute)
    found = {
        "n-grams": np.array([row["n-grams"] for row in rows]),
        "majority": np.full(len(rows), summary["majority"]),
    }
    run.found["rivals"] = found
    about = {"kind": "find", "model": "", "layer": None, "metric": "accuracy"}
    return [
        about
        | {"system": system}
        | vars(proportion(int((said == texts.test.positive).sum()), len(said)))
        for system, said in found.items()
    ]


def _ngrams(labelled: Labelled) -> NgramModel:
    labels = labelled.positive.astype(np.int32)[:, None]
    return NgramModel.fit(list(labelled.texts), labels, ("good",))
