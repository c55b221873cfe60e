"""Leaves one domain of dialogues out: those of the others to learn from, its own to test on, and goals that are new to both."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from clova_jax.apps import dialogues as app
from clova_jax.common.errors import ClovaError
from clova_jax.evaluate import digest, generator
from clova_jax.labelled import Dialogue, Ontology, State, Turn, read_dialogues, read_ontology
from clova_jax.tables.options import Inputs


@dataclass(frozen=True)
class Dialogues:
    """Holds a folder as WoS v1.1 has it."""

    ontology: Ontology
    train: Sequence[Dialogue]
    dev: Sequence[Dialogue]

    @classmethod
    def read(cls, folder: Path) -> "Dialogues":
        """Reads the folder.

        Raises:
            ClovaError: a file is missing or of another format; a state has a slot that the ontology lacks.
        """
        found = cls(
            read_ontology(folder), read_dialogues(folder, "train"), read_dialogues(folder, "dev")
        )
        for dialogue in (*found.train, *found.dev):
            for name in dialogue.final:
                domain, _, slot = name.partition("-")
                if slot not in found.ontology.get(domain, {}):
                    raise ClovaError(f"{folder}: {dialogue.id} has the unknown slot {name!r}")
        return found

    def without(self, domain: str) -> list[Dialogue]:
        """Returns the training dialogues that are not about a domain and settle something."""
        return [one for one in self.train if domain not in one.domains and self.goals(one)]

    def goals(self, dialogue: Dialogue) -> list[app.Goal]:
        """Returns the goals that a dialogue ends with."""
        return app.goals_of(dialogue, self.ontology)


@dataclass(frozen=True)
class LeftOut:
    """Holds what is known of one domain, and its test.

    Args:
        data: all dialogues.
        domain: the one that no adaptation sees.
        limit: test dialogues; all where None.
        seed: of goals and of the test dialogues' choice.

    Raises:
        ClovaError: the domain is unknown, or has no dialogue to train or to test on, or there is no other.
    """

    data: Dialogues
    domain: str
    limit: int | None
    seed: int

    def __post_init__(self) -> None:
        if self.domain not in self.data.ontology:
            known = ", ".join(self.data.ontology)
            raise ClovaError(f"--domains: no domain {self.domain!r}; there are {known}")
        for what, rows in (("test", self.test), ("train", self.real), ("other", self.others)):
            if not rows:
                raise ClovaError(f"{self.domain}: no {what} dialogue; name another domain")

    @cached_property
    def others(self) -> list[Dialogue]:
        """Returns the dialogues that a writer may learn from."""
        return self.data.without(self.domain)

    @cached_property
    def values(self) -> Mapping[str, Sequence[str]]:
        """Returns the values of each of its slots, named as in a state."""
        own = self.data.ontology[self.domain]
        return {f"{self.domain}-{slot}": values for slot, values in own.items()}

    @cached_property
    def real(self) -> list[Dialogue]:
        """Returns its training dialogues, with its own slots alone in their states."""
        return [self._own(one) for one in self.data.train if self.domain in one.domains]

    @cached_property
    def test(self) -> list[Dialogue]:
        """Returns its test dialogues, with its own slots alone in their states."""
        found = [self._own(one) for one in self.data.dev if self.domain in one.domains]
        if self.limit is None or self.limit >= len(found):
            return found
        random = generator(self.seed, "test dialogues", self.domain)
        return [found[i] for i in sorted(random.choice(len(found), self.limit, replace=False))]

    @property
    def turns(self) -> list[Sequence[Turn]]:
        """Returns the turns of the test dialogues."""
        return [one.turns for one in self.test]

    @property
    def gold(self) -> list[list[State]]:
        """Returns the states of the test dialogues."""
        return [
            [turn.state or {} for turn in one.turns if turn.role == "user"] for one in self.test
        ]

    def own_goal(self, dialogue: Dialogue) -> app.Goal | None:
        """Returns the goal that a dialogue has in this domain."""
        return next((g for g in self.data.goals(dialogue) if g.domain == self.domain), None)

    def goals(self, count: int) -> list[app.Goal]:
        """Draws goals to write for; no dialogue of the domain has one of them. The first ones are the same for any count."""
        return app.draw_goals(
            self.data.ontology,
            self.domain,
            [goal for one in self.others for goal in self.data.goals(one)],
            [goal for one in (*self.data.dev, *self.data.train) for goal in self.data.goals(one)],
            count,
            generator(self.seed, "goals", self.domain),
        )

    @cached_property
    def digest(self) -> str:
        """Returns a short hash of the dialogues that writers, trackers and test see."""
        rows = (*self.others, *self.real, *self.test)
        return digest([f"{one.id}\n{turn}" for one in rows for turn in one.turns])

    def _own(self, dialogue: Dialogue) -> Dialogue:
        turns = [
            turn
            if turn.state is None
            else dataclasses.replace(
                turn, state={slot: v for slot, v in turn.state.items() if slot in self.values}
            )
            for turn in dialogue.turns
        ]
        return dataclasses.replace(dialogue, turns=turns)


def left_out(options: Any, inputs: Inputs) -> list[LeftOut]:
    """Returns the domains to leave out, one after the other.

    Args:
        options: of `experiments.goal_dialogues`.
        inputs: the data folder, where `--wos` names no other.

    Raises:
        ClovaError: a file or a domain is at fault.
    """
    folder = options.wos or inputs.data / "klue" / "wos-v1.1"
    data = Dialogues.read(folder)
    domains = options.domains or tuple(data.ontology)
    return [LeftOut(data, domain, options.limit, options.seed) for domain in domains]
