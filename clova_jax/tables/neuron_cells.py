"""Computes the rows of the sentiment neuron: what is found in a character model and in a decoder's layers, and what holding it does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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
    """Holds what the cells share: the texts, the trained character model and the judge, made when first asked for.

    Args:
        run: with the options.
        texts: of the search.
    """

    def __init__(self, run: TableRun, texts: NeuronSet) -> None:
        self.run, self.set, self.options = run, texts, run.options
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
            seed=options.seed,
        )
        return lecture.train_characters(
            self.set.texts, self.set.held_out, training, options.out / TRAINING
        )

    @cached_property
    def untrained(self) -> lecture.CharacterModel:
        """Returns a model of the same shape that has learned nothing."""
        params = lecture.init_characters(self.model.config, self.options.seed + 1)
        return replace(self.model, params=params)

    @cached_property
    def judge(self) -> NgramModel:
        """Returns the judge: logistic regression on character n-grams of the other half of the labelled reviews."""
        return _ngrams(self.set.judged)

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
        rows = trainings.read_metrics(self.options.out / TRAINING)
        return [(row["tokens"], scale * row[name]) for row in rows if row.get(name) is not None]

    def kept(self, name: str, about: dict[str, Any], compute: Callable[[], Any]) -> Any:
        """Returns a summary with its rows; those of a finished part are read back."""
        self.run.stop.check()
        options = self.options
        settings = {"data": self.set.digest, "seed": options.seed, **about}
        key = (name, "nsmc", 0, 0)
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


def bench(run: TableRun, texts: NeuronSet) -> Bench:
    """Returns what the cells of a run share."""
    if "bench" not in run.found:
        run.found["bench"] = Bench(run, texts)
    return run.found["bench"]


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
        shared, options = bench(run, self.texts), run.options
        about = {"kind": options.kind, "units": options.units, "epochs": options.epochs}
        about |= {"examples": options.examples, "limit": options.limit}
        rows = []
        models = {options.kind: shared.model, f"{options.kind}, untrained": shared.untrained}
        for name, model in models.items():

            def compute(model: lecture.CharacterModel = model) -> tuple[dict[str, Any], list[Row]]:
                parts = (self.texts.learn, self.texts.dev, self.texts.test)
                states = (np.tanh(lecture.read_cells(model, part.texts)) for part in parts)
                return decide(self.texts, *states)

            found = shared.kept(name, about, compute)
            rows += search_rows(name, None, found)
            run.found.setdefault("search", {})[name] = found
        return rows + rivals(shared)


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
        shared, options, rows = bench(run, self.texts), run.options, []
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
            rows += search_rows(run.model_name, layer, found)
            run.found.setdefault("search", {})[run.model_name, layer] = found
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
        shared, options = bench(run, self.texts), run.options
        best, *others = shared.units.ranked
        drawn = generator(options.seed, "controls").permutation(len(others))
        controls = [others[i] for i in drawn[: options.controls]]
        free = run.found["free"] = self._part(shared, None, 0)
        rows = self._rows(shared, "free", None, [free])
        kept: dict[tuple[str, int], list[Any]] = {}
        for level in LEVELS:
            for name, units in (("sentiment unit", [best]), ("other units", controls)):
                found = [self._part(shared, unit, level) for unit in units]
                kept[name, level] = found
                rows += self._rows(shared, name, level, found)
        run.found["clamp"] = kept
        return rows

    def _part(self, shared: Bench, unit: lecture.Unit | None, level: int) -> Any:
        options = shared.options
        about = {"kind": options.kind, "units": options.units, "epochs": options.epochs}
        about |= {"texts": options.texts, "examples": options.examples}
        name = "free" if unit is None else f"unit {unit.number} held at {level:+d}"

        def compute() -> tuple[dict[str, Any], list[Row]]:
            model, held = shared.model, lecture.free(shared.model, options.texts)
            if unit is not None:
                held[:, unit.number] = shared.units.value(unit, level)
            written = lecture.write_texts(model, held, options.seed, longest=options.longest)
            judged = shared.judge(written)[:, 0]
            some = self.texts.held_out[:BITS_TEXTS]
            bits, characters = lecture.count_bits(model, some, held[:1])
            rows = [
                {"held": name, "text": text, "judge": float(good)}
                for text, good in zip(written, judged, strict=True)
            ]
            return {"bits": bits.tolist(), "characters": characters.tolist()}, rows

        return shared.kept(f"{options.kind}, {name}", about, compute)

    def _rows(self, shared: Bench, system: str, level: int | None, found: list[Any]) -> list[Row]:
        shares = [hits(rows) for _, rows in found]
        costs = [np.stack([mark["bits"], mark["characters"]], axis=1) for mark, _ in found]
        about = {"kind": "clamp", "model": shared.options.kind, "system": system, "held": level}
        about["units"] = len(found) if level is not None else 0
        spread = {"positive": (shares, 100.0, 100.0), "bits_per_character": (costs, 1.0, np.inf)}
        return [
            about | {"metric": metric} | vars(over(trials, scale, most, shared.options.seed))
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


def search_rows(model: str, layer: int | None, found: Any) -> list[Row]:
    """Returns accuracy on the test by all units and by the best one, and how many units are used."""
    summary, texts = found
    about = {"kind": "find", "model": model, "layer": layer}
    rows = []
    for system, key, units in (("all units", "all", summary["used"]), ("one unit", "one", 1)):
        right = sum(row[key] == row["positive"] for row in texts)
        score = vars(proportion(right, len(texts)))
        rows.append(about | {"system": system, "metric": "accuracy", **score, "units": units})
    return rows


def rivals(shared: Bench) -> list[Row]:
    """Returns accuracy of character n-grams that learned from the same examples, and of the majority class."""
    texts = shared.set

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
    shared.run.found["rivals"] = found
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
