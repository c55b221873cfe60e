"""Defines what a rule of the lexicon of swear words says, and the mild words that many rules share."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """Describes a swear word and its milder replacement.

    Args:
        seeds: every match holds one of these, at its start or `before` characters into it.
        pattern: the word itself.
        mild: what takes its place: a noun, whose particles are then fitted; a word that stands alone; or
            new forms by how the match ends, of which the longest that fits is taken.
        kind: `noun`, `word` or `forms`.
        left: matches what stands just before, within 20 characters.
        not_left: does not.
        near: stands nowhere within 60 characters on either side.
        quarrel: whether signs of chat or quarrel must stand within 150 characters.
        period: whether it swears in old prose too, where 병신 is an invalid and 새끼 a young animal.
        before: how many characters of the match may stand before the seed.
    """

    seeds: tuple[str, ...]
    pattern: str
    mild: str | dict[str, str]
    kind: str = "noun"
    left: str = ""
    not_left: str = ""
    near: str = ""
    quarrel: bool = False
    period: bool = False
    before: int = 0


AWFUL = {
    "같은": "형편없는",
    "같아": "형편없어",
    "같애": "형편없어",
    "같았": "형편없었",
    "같앗": "형편없었",
    "같": "형편없",
    "뒤진": "형편없는",
    "뒈진": "형편없는",
    "뒤진다": "형편없다",
    "뒈진다": "형편없다",
    "터진": "형편없는",
    "터졌": "형편없었",
    "없는": "형편없는",
    "뒤짐": "형편없음",
    "뒈짐": "형편없음",
}
BAD, ODD = "나쁜 사람", "이상한 사람"
