"""Reads the sample world's words from the tab-separated files in `lexicon/` and checks them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_lines
from clova_jax.common.hangul import is_syllable
from clova_jax.sample.hangul import IRREGULAR, conjugate

FOLDER = Path(__file__).with_name("lexicon")
ROLES = ("aspect", "look", "sound", "whole", "self", "thing")


@dataclass(frozen=True)
class Predicate:
    """Holds a verb or adjective, the noun it governs, and its English.

    `particle` links the noun (을, 에, 에서; 이 for the subject of an adjective); `nouns` are the
    classes that fit there; predicates of one `synonyms` group say the same of the same noun.
    """

    stem: str
    part: str
    irregular: str
    particle: str
    nouns: tuple[str, ...]
    past: str
    base: str
    synonyms: str

    def form(self, ending: str) -> str:
        """Joins the stem and `ending`."""
        return conjugate(self.stem, ending, self.irregular)


@dataclass(frozen=True)
class Sentiment:
    """Holds a word or expression that carries an opinion.

    `part`: a adjective, v verb, n noun (takes 이다), x a whole expression. `role`: what it is said
    of: an `aspect` of a film (`look` and `sound`: one to be seen, one to be heard), the `whole` of it, the speaker's own doing (`self`), or a `thing` bought
    or eaten.
    """

    form: str
    polarity: int
    part: str
    role: str
    irregular: str


@dataclass
class Lexicon:
    """Holds all words. `nouns` maps a class to its words; `english` a word of a class to its English."""

    nouns: dict[str, list[str]] = field(default_factory=dict)
    english: dict[tuple[str, str], str] = field(default_factory=dict)
    predicates: list[Predicate] = field(default_factory=list)
    sentiments: list[Sentiment] = field(default_factory=list)
    _opinions: dict[tuple, list[Sentiment]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        nouns = sum(len(words) for words in self.nouns.values())
        return nouns + len(self.predicates) + len(self.sentiments)

    def opinions(self, polarity: int, parts: str, *roles: str) -> list[Sentiment]:
        """Returns the opinion words of one polarity, the frequent ones first (as in the file)."""
        key = (polarity, parts, roles)
        if key not in self._opinions:
            self._opinions[key] = [
                word
                for word in self.sentiments
                if word.polarity == polarity and word.part in parts and word.role in roles
            ]
        return self._opinions[key]


def _rows(path: Path, columns: int) -> Iterator[tuple[str, list[str]]]:
    """`(file:line, cells)` of a table whose first line that is not a comment is its header."""
    header = True
    for number, line in read_lines(path):
        if not line or line.startswith("#"):
            continue
        place, cells = f"{path}:{number}", line.split("\t")
        if len(cells) != columns:
            raise ClovaError(f"{place}: {len(cells)} columns, expected {columns}: {line!r}")
        if header:
            header = False
            continue
        if not any(map(is_syllable, cells[0])):
            raise ClovaError(f"{place}: {cells[0]!r} holds no Hangul; write the word in Korean")
        yield place, cells


def _irregular(place: str, name: str) -> str:
    if name not in IRREGULAR:
        raise ClovaError(
            f"{place}: no conjugation class {name!r}; use one of {' '.join(IRREGULAR)}"
        )
    return name


@cache
def load_lexicon(folder: Path = FOLDER) -> Lexicon:
    """Reads and checks `nouns.tsv`, `words.tsv`, `predicates.tsv` and `sentiment.tsv`.

    Raises:
        ClovaError: a row is malformed, repeated, or names an unknown class (named `file:line`).
    """
    lexicon = Lexicon()
    seen: set[tuple[str, ...]] = set()

    def once(place: str, *key: str) -> None:
        if key in seen:
            raise ClovaError(f"{place}: {key[0]!r} is repeated; delete one of the two rows")
        seen.add(key)

    for name in ("nouns.tsv", "words.tsv"):
        for place, (word, group, english) in _rows(folder / name, 3):
            once(place, word, "noun", group)
            lexicon.nouns.setdefault(group, []).append(word)
            if english:
                lexicon.english[word, group] = english
    for place, cells in _rows(folder / "predicates.tsv", 8):
        stem, part, irregular, particle, nouns, past, base, synonyms = cells
        once(place, stem, "predicate", nouns)
        groups = tuple(nouns.split(","))
        if unknown := [g for g in groups if g not in lexicon.nouns]:
            raise ClovaError(
                f"{place}: no noun class {unknown[0]!r}; see the class column of nouns.tsv"
            )
        if part not in ("v", "a"):
            raise ClovaError(f"{place}: part {part!r} is neither v nor a")
        lexicon.predicates.append(
            Predicate(
                stem, part, _irregular(place, irregular), particle, groups, past, base, synonyms
            )
        )
    for place, (form, polarity, part, role, irregular) in _rows(folder / "sentiment.tsv", 5):
        once(place, form, "sentiment", role)
        if polarity not in ("0", "1") or part not in "avnx" or role not in ROLES:
            raise ClovaError(
                f"{place}: polarity, part or role out of range: {polarity} {part} {role}"
            )
        lexicon.sentiments.append(
            Sentiment(form, int(polarity), part, role, _irregular(place, irregular))
        )
    return lexicon
