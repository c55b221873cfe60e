"""Says what the rows of the character table show, judges the talk's claims, and draws them; asks for facts by the prompt's opening."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clova_jax.evaluate import Item, digest, generator, load_task
from clova_jax.tables.characters import RECALLED, SYSTEMS, VIOLATED, compared, kept, row
from clova_jax.tables.figures import draw_bars, legend, panels
from clova_jax.tables.table import Row, TableRun

OPENINGS: Mapping[str, str] = {
    "bare": "{q}",
    "question": "질문: {q}\n답:",
    "reference": "백과사전에서 찾은 답이다.\n질문: {q}\n답:",
    "scholar": "나래는 모르는 것이 없는 학자이다.\n손님: {q}\n나래:",
}
OTHERS = 9  # wrong answers beside the right one


@dataclass(frozen=True)
class Knowledge:
    """Asks for facts after several openings, and whether the right answer is likelier than others of the same data.

    Args:
        limit: questions.
    """

    limit: int

    def __call__(self, run: TableRun) -> list[Row]:
        """Returns a row for each opening, of the model as it is."""
        items = self._items(run)
        data = digest([item.text for item, _ in items])
        said = kept(run, "openings", "knowledge", run.model, data, lambda: self._ask(run, items))
        return [
            row(run, "knowledge", name, "accuracy", np.array([[one["right"], 1.0] for one in own]))
            for name in OPENINGS
            if (own := [one for one in said if one["opening"] == name])
        ]

    def _items(self, run: TableRun) -> list[tuple[Item, Sequence[str]]]:
        """Returns questions with their right answer and others, in this order."""
        every = load_task("korquad").load(run.data).items
        random = generator(run.options.seed, "knowledge")
        chosen = random.permutation(len(every))[: self.limit]
        answers = list(dict.fromkeys(item.answers[0] for item in every))
        found = []
        for number in sorted(chosen):
            item = every[number]
            others = [text for text in answers if text not in item.answers]
            drawn = random.choice(len(others), min(OTHERS, len(others)), replace=False)
            found.append((item, [item.answers[0], *(others[i] for i in drawn)]))
        return found

    def _ask(self, run: TableRun, items: Sequence[tuple[Item, Sequence[str]]]) -> list[Row]:
        rows = []
        for name, opening in OPENINGS.items():
            questions = [_question(item) for item, _ in items]
            contexts = [
                opening.format(q=question)
                for question, (_, texts) in zip(questions, items, strict=True)
                for _ in texts
            ]
            said = [f" {text}" for _, texts in items for text in texts]
            scores = run.model.score(contexts, said) / [len(text.encode()) for text in said]
            at = 0
            for question, (item, texts) in zip(questions, items, strict=True):
                best = int(np.argmax(scores[at : at + len(texts)]))
                at += len(texts)
                about = {"opening": name, "question": question, "wanted": item.answers[0]}
                rows.append(about | {"likeliest": texts[best], "right": best == 0})
        return rows


def _question(item: Item) -> str:
    return item.text.removesuffix("답:").removeprefix("질문:").strip()


def notes(run: TableRun) -> list[str]:
    """Returns how to read the rows, and whether the talk's claims hold."""
    lines = [
        "per cent with a 95% interval (bootstrap over talks); a talk has 40 turns: what a guest tells at the beginning he asks for at "
        f"the end, when the prompt shows the last {run.options.window} exchanges",
        "plain: a prompt of name and line; window: of the whole persona; pcu: the same, and the model tries again where the detector "
        "finds something; memory: window with what was told before, summarised by the model",
        "violated: replies in which the judge finds a wrong phrase, level, fact or world; it learned from other characters than the "
        "detector, and neither from those of the test; reacts: replies that meet the guest's mood",
        "the model was trained further on talks of other characters of the sample world, also where the model is of real text; "
        "knowledge asks the model as it is for one answer among ten",
    ]
    for model in run.inputs.names:
        claims = (
            ("memory above window in what is recalled", "memory", "window", RECALLED),
            ("fewer violations with pcu than plain", "plain", "pcu", VIOLATED),
            ("fewer violations with the detector than without", "window", "pcu", VIOLATED),
        )
        for claim, first, second, metric in claims:
            if {(model, first), (model, second)} <= set(run.found["talks"]):
                lines.append(f"{model}: {claim}: {compared(run, model, first, second, metric)}")
        shown = [
            one for one in run.rows if one["model"] == model and one["kind"].startswith("style")
        ]
        for one, other in zip(shown[::2], shown[1::2], strict=True):
            verdict = "holds" if one["low"] > other["high"] else "cannot tell"
            lines.append(
                f"{model}: example turns in {one['kind'].split()[1]} change the style: {verdict}"
            )
    return lines


def draw(run: TableRun, path: Path) -> None:
    """Draws what is recalled and violated by system."""
    systems = [name for name in SYSTEMS if name in run.options.systems]
    with panels(path, 2, size=(5.5, 4)) as both:
        for axes, metric in zip(both, (RECALLED, VIOLATED), strict=True):
            own = [one for one in run.rows if one["metric"] == metric]
            series = {
                name: [one for one in own if one["model"] == name] for name in run.inputs.names
            }
            draw_bars(axes, systems, series)
            axes.set(ylabel=f"{metric}, %")
            legend(axes)
