"""Filters text before and after the model: personal data, swear words, hate; each is flagged, masked or blocked.

The corpus's own operators judge (`corpus/clean/privacy`, `corpus/clean/profanity`, `corpus/clean/toxicity.py`). A label says how harmful a
text is: 0 harmful, 1 doubtful, 2 safe, as CLOVA Studio's filters give them. By default all kinds are flagged, which changes no text.

A stream is filtered by `StreamFilter` as it grows. Nothing is given out that could still become part of a finding, and what is
given out does not depend on how the text was cut: `suspects` says where a finding may lie, and a region of suspects is
judged with what stands around it as soon as nothing that follows can change the verdict. What stands before the stream, the prompt, counts:
a number that begins in the prompt is a finding in the text that ends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clova_jax.apps.suspects import Span, finding_spans, hold_from, suspect_regions
from clova_jax.common.errors import ClovaError
from clova_jax.corpus import NgramModel, find, swear_words, toxicity

KINDS = ("personal", "curse", "unsafe")
ACTIONS = ("flag", "mask", "block")
DOUBTFUL, HARMFUL = 0.5, 0.9  # probability of being toxic
STRETCH = 300  # characters that the classifier judges at a time
BEFORE = 600  # characters of a prompt that are kept in mind
MOST_EOJEOLS = 50  # a swear word among more than so many makes a text doubtful, not harmful


def check_policy(policy: Mapping[str, str]) -> dict[str, str]:
    """Returns what to do for every kind; kinds that are not named are flagged.

    Raises:
        ClovaError: an unknown kind or action; hate cannot be masked, since it lies in no single word.
    """
    for kind, action in policy.items():
        if kind not in KINDS:
            raise ClovaError(f"filter {kind!r}: there are {', '.join(KINDS)}")
        if action not in ACTIONS:
            raise ClovaError(f"filter {kind}={action!r}: wants {', '.join(ACTIONS)}")
    if policy.get("unsafe") == "mask":
        raise ClovaError("filter unsafe='mask': lies in no single word; wants flag or block")
    return {kind: policy.get(kind, "flag") for kind in KINDS}


def strictest(*policies: Mapping[str, str]) -> dict[str, str]:
    """Returns for every kind the strictest action of some policies: those of a key, of an app, of a server."""
    return {
        kind: max((policy.get(kind, "flag") for policy in policies), key=ACTIONS.index)
        for kind in KINDS
    }


@dataclass(frozen=True)
class Filters:
    """Judges text.

    Args:
        classifier: of toxicity (`clova corpus-model --kind toxicity`); without one, `unsafe` has no label.
    """

    classifier: NgramModel | None = None

    @classmethod
    def load(cls, toxicity_model: str | Path | None = None) -> "Filters":
        """Reads the classifier from its file, if there is one.

        Raises:
            ClovaError: it is no such file.
        """
        return cls(NgramModel.load(toxicity_model) if toxicity_model else None)

    def check(self, policy: Mapping[str, str]) -> dict[str, str]:
        """Returns what `check_policy` returns.

        Raises:
            ClovaError: as `check_policy`; hate is to be blocked, but there is no classifier.
        """
        checked = check_policy(policy)
        if checked["unsafe"] == "block" and self.classifier is None:
            raise ClovaError(
                "filter unsafe='block': needs a classifier; give --toxicity FILE "
                "(clova corpus-model --kind toxicity makes one)"
            )
        return checked

    def labels(self, text: str, before: str = "") -> dict[str, int]:
        """Returns a label of each kind: 0 harmful, 1 doubtful, 2 safe.

        Args:
            text: what is judged.
            before: what stands before it, and may hold the beginning of a finding.
        """
        before = before[-BEFORE:]
        personal = any(one.end > len(before) for one in find(before + text))
        words = [word for word in swear_words(before + text) if word.end > len(before)]
        rare = len(words) == 1 and len(text.split()) > MOST_EOJEOLS
        found = {"personal": 0 if personal else 2, "curse": (1 if rare else 0) if words else 2}
        if self.classifier is not None:
            probability = self.probability(text)
            found["unsafe"] = 2 - (probability >= DOUBTFUL) - (probability >= HARMFUL)
        return found

    def probability(self, text: str) -> float:
        """Returns the highest probability of being toxic among stretches of the text."""
        assert self.classifier is not None
        parts = [text[at : at + STRETCH] for at in range(0, len(text), STRETCH)] or [""]
        return float(toxicity(parts, self.classifier).max())

    def apply(self, text: str, policy: Mapping[str, str]) -> tuple[str, bool]:
        """Returns a complete text as the policy leaves it, and whether it was blocked."""
        stream = StreamFilter(self, policy)
        return stream.feed(text, last=True), stream.blocked


class StreamFilter:
    """Filters one text as it grows.

    Args:
        filters: what judges.
        policy: an action for each kind, as `Filters.check` returns it.
        before: the text that the stream continues; it is shown already, and never given out.
    """

    def __init__(self, filters: Filters, policy: Mapping[str, str], before: str = "") -> None:
        self.filters = filters
        self.masked = [kind for kind in ("personal", "curse") if policy[kind] == "mask"]
        self.blocking = [kind for kind in KINDS if policy[kind] == "block"]
        self._worded = {*self.masked, *self.blocking} - {"unsafe"}  # kinds that lie in single words
        self.active = bool(self.masked or self.blocking)
        self.blocked = False
        self._text = before[-BEFORE:] if self.active else ""  # then all that came in
        self._start = len(self._text)  # of the stream in it
        self._decided = hold_from(self._text, 0)  # so much of the text is decided
        self._judged = self._start  # so much of it the classifier has judged

    def feed(self, new: str, last: bool = False) -> str:
        """Takes new text; returns what may be shown of all that came in, beyond what was returned before.

        Args:
            new: what follows the text so far.
            last: no more will follow.
        """
        if not self.active:
            return new
        if self.blocked:
            return ""
        self._text += new
        limit, harmful = len(self._text), False
        if "unsafe" in self.blocking:
            limit, harmful = self._stretches(last)
        shown = self._decide(limit, last or harmful)
        self.blocked |= harmful
        return shown

    def _stretches(self, last: bool) -> tuple[int, bool]:
        """Returns how much of the text the classifier lets through, and whether it objects to what follows."""
        while part := self._text[self._judged : self._judged + STRETCH]:
            if len(part) < STRETCH and not last:
                break
            if self.filters.probability(part) >= HARMFUL:
                return self._judged, True
            self._judged += len(part)
        return self._judged, False

    def _decide(self, limit: int, last: bool) -> str:
        """Returns what can be shown below `limit`: text without suspects, and regions that are closed."""
        text, parts = self._text[:limit] if last else self._text, []
        hold = len(text) if last else min(limit, hold_from(text, self._decided))
        for region in suspect_regions(text, self._decided, self._worded):
            if region.start >= hold:
                break
            parts.append(self._own(self._decided, region.start))
            self._decided = region.start
            if not last and (region.end + region.reach > hold):
                return "".join(parts)
            parts.append(self._judge(region))
            self._decided = region.end
            if self.blocked:
                return "".join(parts)
        if hold > self._decided:
            parts.append(self._own(self._decided, hold))
            self._decided = hold
        return "".join(parts)

    def _own(self, start: int, end: int) -> str:
        """Returns what of a stretch is the stream's own."""
        return self._text[max(start, self._start) : end]

    def _judge(self, region: Span) -> str:
        """Returns a region with its findings masked, up to one that blocks."""
        parts, at = [], region.start
        for kind, start, end in finding_spans(self._text, region, self._worded):
            if start < at:  # overlaps the finding before it
                at = max(at, end)
                continue
            parts.append(self._own(at, start))
            at = end
            if end <= self._start:  # in what was shown before
                continue
            if kind.partition(":")[0] in self.blocking:
                self.blocked = True
                return "".join(parts)
            parts.append(_cover(kind, end - max(start, self._start)))
        return "".join([*parts, self._own(at, region.end)])


def _cover(kind: str, length: int) -> str:
    """Returns what stands in the place of a finding."""
    name, _, what = kind.partition(":")
    return f"<|{what}|>" if name == "personal" else "*" * length
