"""Tracks what is settled in a talk: the domain by semantic search, the values by the linear tracker of its domain."""

from collections.abc import Sequence

from clova_jax.apps.assistant.selector import Selector
from clova_jax.apps.dialogues import LinearTracker
from clova_jax.labelled import Dialogue, Ontology, State
from clova_jax.labelled import Turn as Said


class StateTracker:
    """Follows one domain a dialogue: the one whose opening turns are nearest to the dialogue's.

    Args:
        dialogues: to learn from, with states.
        ontology: the slots of their domains.
    """

    def __init__(self, dialogues: Sequence[Dialogue], ontology: Ontology) -> None:
        self.ontology = ontology
        self._dialogues: dict[str, list[Dialogue]] = {}
        for one in dialogues:
            if len(one.domains) == 1:
                self._dialogues.setdefault(one.domains[0], []).append(one)
        self._domains = Selector(
            {name: [_opening(one.turns) for one in some] for name, some in self._dialogues.items()}
        )
        self._trackers: dict[str, LinearTracker] = {}  # trained when a domain is first spoken of

    def domain(self, turns: Sequence[Said]) -> str:
        """Returns the domain of a dialogue, by what is said first."""
        return self._domains.ranked(_opening(turns))[0]

    def track(self, dialogues: Sequence[Sequence[Said]]) -> list[list[State]]:
        """Returns the state after each of the user's turns of each dialogue."""
        return [self._tracker(self.domain(turns)).track([turns])[0] for turns in dialogues]

    def _tracker(self, name: str) -> LinearTracker:
        if name not in self._trackers:
            slots = self.ontology[name].items()
            known = [one.turns for one in self._dialogues[name]]
            values = {f"{name}-{slot}": values for slot, values in slots}
            self._trackers[name] = LinearTracker(known, values)
        return self._trackers[name]


def _opening(turns: Sequence[Said]) -> str:
    return next((turn.text for turn in turns if turn.role == "user"), "")
