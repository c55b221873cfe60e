"""Computes the rows of the preference table: texts of the reference, of the best of several, and of aligned models."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from clova_jax import align
from clova_jax.apps import augmentation
from clova_jax.common.stop import Stopped
from clova_jax.corpus import NgramModel
from clova_jax.evaluate import Interval, Records, generator, interval, score_documents
from clova_jax.language_model import LanguageModel
from clova_jax.tables.models import find_models
from clova_jax.tables.options import Inputs
from clova_jax.tables.preference_sets import PreferenceSet, read_ratings, read_reviews
from clova_jax.tables.table import Row, TableRun
from clova_jax.tuning import TuneOptions

WINDOW = 128  # tokens of a window in which held-out texts are read
CALIBRATION = 64  # prompts whose texts say what a reward of 0 and of 1 is
VALIDATIONS = 5  # of a training
FOLDS = 10  # of the jackknife
UNITS = {"judge": 100.0, "reward": 1.0, "kl": 1.0, "length": 1.0}  # means over texts
Trial = Sequence[Sequence[Row]]  # the texts of each prompt


def read_set(options: Any, data: Path) -> PreferenceSet:
    """Returns the preferences that the options name."""
    if options.pairs is not None:
        return read_ratings(options.pairs, options.limit, options.seed)
    return read_reviews(data, options.words, options.limit, options.seed)


def adapted_to_reviews(options: Any) -> Inputs:
    """Returns models and data; with --adapt-steps, models that are trained further on texts of the first half: the references.

    Args:
        options: of `experiments.preference`.

    Raises:
        ClovaError: the preferences are at fault.
        Stopped: a signal ended a training; the same call goes on there.
    """
    inputs = find_models(options.model, options.data or options.pairs, options.mesh)
    if not options.adapt_steps:
        return inputs
    texts = read_set(options, inputs.data).learned
    schedule = {"steps": options.adapt_steps, "global_batch": 8, "length": WINDOW}
    schedule |= {"learning_rate": 1e-3, "seed": options.seed}
    models = [
        augmentation.train_on(
            folder, texts, options.out / "adapted" / _name(name), "texts", schedule
        )
        for folder, name in zip(inputs.models, inputs.names, strict=True)
    ]
    return Inputs(inputs.data, models, inputs.names, inputs.mesh)


class Bench:
    """Holds what the methods of one model share: encoded pairs, the reward model and the judge, made when first asked for.

    Args:
        run: with the reference loaded.
        chosen: the preferences.
    """

    def __init__(self, run: TableRun, chosen: PreferenceSet) -> None:
        self.run, self.set, self.options = run, chosen, run.options
        self.reference: LanguageModel = run.model
        every = [*chosen.train, *chosen.dev, *chosen.others]
        encoded, self.cut = align.encode_pairs(self.reference, every)
        learned = len(chosen.train)
        self.pairs, self.dev = encoded[:learned], encoded[learned : learned + len(chosen.dev)]
        tokenizer = self.reference.tokenizer
        rows = tokenizer.encode_batch([prompt.rstrip() for prompt in chosen.prompts])
        self.prompts = [tuple(ids) or (tokenizer.end_of_text,) for ids in rows]
        self.records = Records(run.out)

    @cached_property
    def judge(self) -> NgramModel:
        """Returns the judge: logistic regression on character n-grams of the second half."""
        labels = np.array(self.set.good, np.int32)[:, None]
        return NgramModel.fit(list(self.set.judged), labels, ("good",))

    @cached_property
    def reward_model(self) -> align.RewardModel:
        """Returns the reward model."""
        return align.train_reward(
            self.reference,
            self.pairs,
            self.dev,
            self.tuning(self.options.reward_steps, 0),
            out=self.folder("reward"),
            stop=self.run.stop,
        )

    @cached_property
    def reward(self) -> align.Reward:
        """Returns the reward: over texts of the reference the mean is 0 and the standard deviation 1."""
        found = self.reward_model
        contexts = list(dict.fromkeys(one.context for one in self.pairs))[:CALIBRATION]
        scores = found(
            [one for some in self.sample(self.reference, contexts, 4, 0) for one in some]
        )
        mean, spread = float(scores.mean()), float(scores.std()) or 1.0
        return lambda texts: (found(texts) - mean) / spread

    def tuning(self, steps: int, trial: int) -> TuneOptions:
        """Returns the options of a training."""
        every = -(-steps // VALIDATIONS)
        asked = {"steps": steps, "batch_size": self.options.batch_size, "evaluate_every": every}
        asked |= {"learning_rate": self.options.learning_rate, "patience": VALIDATIONS}
        return TuneOptions(seed=self.options.seed + trial, **asked)

    def folder(self, name: str) -> Path:
        """Returns where a training of this model is kept."""
        return self.run.out / "trained" / _name(f"{self.run.model_name} {name}")

    def sample(
        self, model: Any, prompts: Sequence[tuple[int, ...]], samples: int, trial: int
    ) -> list[list[align.Sampled]]:
        """Draws texts; of one trial, all models draw with the same random numbers."""
        seed = int(generator(self.options.seed + trial, "texts").integers(2**31))
        return align.sample_texts(model, prompts, samples, self.options.max_new_tokens, seed)

    def measure(self, model: Any, samples: int, trial: int) -> tuple[list[Row], dict[str, Any]]:
        """Returns a row a text, and the bits of held-out texts."""
        texts = [t for some in self.sample(model, self.prompts, samples, trial) for t in some]
        prompts = [prompt for prompt in self.set.prompts for _ in range(samples)]
        kl = align.sequence_kl(self.reference, texts)
        judged = self.judge([p + one.text for p, one in zip(prompts, texts, strict=True)])[:, 0]
        columns = zip(prompts, texts, kl, self.reward(texts), judged, strict=True)
        rows = [
            {
                "prompt": prompt,
                "text": one.text,
                "ids": list(one.ids),
                "length": len(one.ids),
                "kl": float(nats),
                "reward": float(reward),
                "judge": float(good),
            }
            for prompt, one, nats, reward, good in columns
        ]
        window = min(WINDOW, self.reference.config.max_length)
        costs = score_documents(model, self.set.held_out, window)
        return rows, {"bits": costs.bits.tolist(), "bytes": costs.bytes.tolist()}

    def shares(self) -> dict[str, float]:
        """Returns how often judge and reward model are right, in per cent: on held-out texts, on pairs to stop by."""
        key, own = (self.run.model_name, f"{self.set.task} yardsticks", 0, 0), self.settings()
        if self.records.find(key, own) is None:
            positive = self.judge(list(self.set.held_out))[:, 0] >= 0.5
            chosen, rejected = (
                [align.Sampled(one.context, getattr(one, side), "", 0.0) for one in self.dev]
                for side in ("chosen", "rejected")
            )
            better = np.array(self.reward(chosen)) > np.array(self.reward(rejected))
            right = positive == np.array(self.set.held_out_good)
            found = {"judge": 100 * float(right.mean()), "reward": 100 * float(better.mean())}
            self.records.add(key, own, found, [])
        return self.records.find(key, own)[0]

    def settings(self) -> dict[str, Any]:
        """Returns what must not change when texts are read back."""
        names = ("seed", "steps", "reward_steps", "batch_size", "learning_rate", "samples")
        own = {name: getattr(self.options, name) for name in (*names, "max_new_tokens")}
        own["best_of"] = max(self.options.best_of)
        return own | {"weights": self.reference.fingerprint, "data": self.set.digest}


def _name(words: str) -> str:
    return words.replace("/", "_").replace(" ", "_")


def bench(run: TableRun, chosen: PreferenceSet) -> Bench:
    """Returns what the methods of the loaded model share."""
    if run.found.get("bench", (None,))[0] != run.model_name:
        run.found["bench"] = (run.model_name, Bench(run, chosen))
    return run.found["bench"][1]


@dataclass(frozen=True)
class Reference:
    """Measures what the reference writes, and the best by the reward of several of its texts.

    Args:
        chosen: the preferences.
        best_of: how many texts the best is taken of.
    """

    chosen: PreferenceSet
    best_of: Sequence[int]

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; texts are read back."""
        shared, most = bench(run, self.chosen), max(self.best_of)
        run.found.setdefault("shared", {})[run.model_name] = shared.shares() | {"cut": shared.cut}
        trials, costs = _trials(shared, "reference", 0.0, lambda trial: shared.reference, most)
        found = rows(run, self.chosen.task, ("reference", None), trials, costs)
        for n in self.best_of:
            best = [[_best(some, n) for some in texts] for texts in trials]
            bound = align.best_of_kl(n)
            found += [
                row | (asdict(Interval(bound, bound, bound)) if row["metric"] == "kl" else {})
                for row in rows(run, self.chosen.task, (f"best_of_{n}", None), best, [])
            ]
        return found


def _best(texts: Sequence[Row], n: int) -> list[Row]:
    groups = [texts[at : at + n] for at in range(0, len(texts) - n + 1, n)]
    return align.best_of(groups, lambda some: [row["reward"] for row in some])


@dataclass(frozen=True)
class Aligned:
    """Aligns the model once a seed, and measures what it writes.

    Args:
        chosen: the preferences.
        method: `dpo` or `rloo`.
        beta: the price of leaving the reference.
    """

    chosen: PreferenceSet
    method: str
    beta: float

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns the rows; finished seeds are read back, an unfinished training is resumed."""
        shared, options = bench(run, self.chosen), run.options

        def model(trial: int) -> Any:
            config = align.PreferenceConfig(
                self.method,
                self.beta,
                samples=options.samples,
                max_new_tokens=options.max_new_tokens,
            )
            name = f"{self.method} {self.beta:g} {trial}"
            return align.align(
                shared.reference,
                shared.pairs,
                config,
                shared.tuning(options.steps, trial),
                dev=shared.dev,
                reward=shared.reward if self.method == "rloo" else None,
                reward_id=shared.reward_model.fingerprint if self.method == "rloo" else None,
                out=shared.folder(name),
                stop=run.stop,
                label=name,
            ).model

        trials, costs = _trials(shared, self.method, self.beta, model, options.samples)
        return rows(run, self.chosen.task, (self.method, self.beta), trials, costs)


def _trials(
    shared: Bench, method: str, beta: float, model: Any, samples: int
) -> tuple[list[Trial], list[dict[str, Any]]]:
    """Returns for each seed the texts of each prompt, and the bits of held-out texts."""
    trials, costs = [], []
    own = shared.settings() | {"beta": beta}
    for trial in range(shared.options.seeds):
        if shared.run.stop.requested:
            raise Stopped(shared.run.stop.requested)
        key = (f"{shared.run.model_name} {method} {beta:g}".strip(), shared.set.task, 0, trial)
        if shared.records.find(key, own) is None:
            texts, bits = shared.measure(model(trial), samples, trial)
            shared.records.add(
                key, own, bits, [{"method": method, "beta": beta} | t for t in texts]
            )
        mark, texts = shared.records.find(key, own)
        trials.append([texts[at : at + samples] for at in range(0, len(texts), samples)])
        costs.append(mark)
    return trials, costs


def statistics(trial: Trial, metric: str) -> Float64[np.ndarray, "n 2"]:
    """Returns for each prompt the sum of a metric over its texts, and their number."""
    return np.array([(sum(row[metric] for row in some), len(some)) for some in trial], np.float64)


def mean(total: Float64[np.ndarray, "2"]) -> float:
    """Returns the first sum over the second."""
    return float(total[0] / total[1])


def held_out(cost: dict[str, Any]) -> Float64[np.ndarray, "n 2"]:
    """Returns bits and bytes of each held-out text."""
    return np.stack([np.array(cost["bits"]), np.array(cost["bytes"])], axis=1).astype(np.float64)


def rows(
    run: TableRun,
    task: str,
    system: tuple[str, float | None],
    trials: Sequence[Trial],
    costs: Sequence[dict[str, Any]],
) -> list[Row]:
    """Returns a row a metric, with intervals over prompts (held-out texts) and seeds; keeps what claims are made of.

    Args:
        run: with the model's name and the seed.
        task: name of the preferences.
        system: the method and its beta.
        trials: texts by seed and prompt.
        costs: of held-out texts, by seed; none of what is no model.
    """
    bounds, seed = (-np.inf, np.inf), run.options.seed
    kept = {
        metric: [statistics(trial, metric) * (unit, 1) for trial in trials]
        for metric, unit in UNITS.items()
    }
    found = {m: interval(some, mean, bounds=bounds, seed=seed) for m, some in kept.items()}
    found["distinct_2"] = distinct_2(trials[0])
    if costs:
        kept["bits_per_byte"] = [held_out(cost) for cost in costs]
        found["bits_per_byte"] = interval(kept["bits_per_byte"], mean, bounds=bounds, seed=seed)
    run.found.setdefault("kept", {})[run.model_name, *system] = kept
    about = {"model": run.model_name, "task": task, "method": system[0], "beta": system[1]}
    return [about | {"metric": metric, **asdict(score)} for metric, score in found.items()]


def distinct_2(trial: Trial) -> Interval:
    """Returns the share of different ones among the pairs of neighbouring tokens (Li et al. 2016), in per cent.

    One text a prompt counts, since more texts repeat more; the interval is the jackknife's over tenths of the prompts.
    """
    texts = [some[0]["ids"] for some in trial]

    def share(some: Sequence[Sequence[int]]) -> float:
        pairs = [pair for ids in some for pair in itertools.pairwise(ids)]
        return 100 * len(set(pairs)) / len(pairs) if pairs else 100.0

    folds = min(FOLDS, len(texts))
    value = share(texts)
    left = [share([t for n, t in enumerate(texts) if n % folds != fold]) for fold in range(folds)]
    error = np.sqrt((folds - 1) / folds * np.sum((np.array(left) - np.mean(left)) ** 2))
    return Interval(value, max(0.0, value - 1.96 * error), min(100.0, value + 1.96 * error))
