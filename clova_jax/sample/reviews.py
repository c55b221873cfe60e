"""Writes film reviews with a polarity: the grammar behind the NSMC-format sets and the labelled lists.

Opinion is carried by some three hundred words of four parts of speech; negation turns it round,
and in a contrast (연기는 좋았지만 결국 지루했다) the last clause decides.
"""

import random
import re
from typing import Any

from clova_jax.sample.hangul import conjugate, josa
from clova_jax.sample.lexicon import Sentiment
from clova_jax.sample.pen import Pen, adnominal, circumstance

LABELS = ("부정", "긍정")
STARS = ((1, 1, 2, 3, 4), (8, 9, 10, 10))
"""What a review gives of ten, by polarity."""

ASPECTS = {
    "이야기": (
        *(
            "스토리",
            "결말",
            "대사",
            "전개",
            "반전",
            "소재",
            "주제",
            "각본",
            "원작",
            "설정",
            "구성",
            "메시지",
        ),
        *("초반부", "후반부", "마지막 장면", "첫 장면", "감정선", "로맨스"),
    ),
    "배우": ("연기", "주인공", "조연", "목소리", "캐릭터", "더빙", "아역 배우", "악역", "표정"),
    "화면": (
        *(
            "영상",
            "의상",
            "색감",
            "배경",
            "포스터",
            "컴퓨터 그래픽",
            "촬영",
            "카메라 구도",
            "분장",
            "세트",
            "화면",
        ),
        *("조명", "자막"),
    ),
    "소리": ("음악", "배경 음악", "효과음", "주제가", "노래"),
    "연출": (
        *(
            "연출",
            "액션",
            "편집",
            "분위기",
            "개그",
            "긴장감",
            "몰입감",
            "유머",
            "추격전",
            "싸움 장면",
        ),
        "예고편",
    ),
}
"""What a review can speak of, by aspect; one that names nothing of these speaks of the film as such."""
WHOLE = "영화"
_NAMED = {noun: aspect for aspect, nouns in ASPECTS.items() for noun in nouns}
_NOUNS = re.compile("|".join(sorted(_NAMED, key=len, reverse=True)))

_REGISTERS = (
    "plain",
    "plain",
    "plain",
    "polite",
    "polite",
    "formal",
    "casual",
    "casual",
    "clipped",
)


_TAILS = (
    ("..", "...", "ㅡㅡ", " ㅡㅡ", "ㅉㅉ", " ㅉㅉ", "ㅠㅠ", " ㅠㅠ", ";;", ";", "ㅡㅡ;", " ㅉㅉㅉ"),
    ("!", "!!", "^^", " ^^", "ㅎㅎ", " ㅎㅎ", "~", "~~", "♥", "ㅎ", "^^*", "♡"),
)
_ANY_TAIL = ("ㅋㅋ", "ㅋㅋㅋ", " ㅋㅋ", "ㅋ", "ㅜㅜ", "ㅠㅠ", ".", ".", "!", "..", "~")


class Reviewer:
    """Writes reviews with one pen. `names` are the actors and `titles` the films they speak of."""

    def __init__(self, pen: Pen, names: list[str], titles: list[str]) -> None:
        self.pen, self.names, self.titles = pen, names, titles
        lexicon = pen.lexicon
        self.pool = {
            (polarity, key): lexicon.opinions(polarity, parts, *roles)
            for polarity in (0, 1)
            for key, parts, roles in (
                ("aspect", "av", ("aspect", "look", "sound")),
                ("adjective", "a", ("aspect", "look", "sound")),
                ("whole", "av", ("whole",)),
                ("self", "v", ("self",)),
                ("noun", "n", ("whole",)),
                ("expression", "x", ("whole",)),
            )
        }
        self.patterns = (
            (self._aspect, 30),
            (self._whole, 14),
            (self._expression, 10),
            (self._contrast, 10),
            (self._noun, 9),
            (self._self, 10),
            (self._negated, 5),
            (self._reason, 7),
            (self._both, 7),
            (self._adnominal, 6),
            (self._hearsay, 3),
            (self._score, 3),
            (self._vague, 2),
        )
        self.deck = [make for make, weight in self.patterns for _ in range(weight)]

    def review(self, polarity: int) -> str:
        """Writes one review, 5 to 140 characters; 1 is positive."""
        return self.pen.fresh(lambda: self._write(polarity))

    def labelled(self, polarity: int) -> str:
        """Writes one line in the paper's prompt format, `review (긍정)`; most have no final mark."""
        review = self.pen.fresh(lambda: self._trim(self._write(polarity)))
        return f"{review} ({LABELS[polarity]})"

    def page(self, text: str) -> dict[str, Any]:
        """Returns what is known of one labelled line; {} of several lines.

        `rating`, 1 to 10, `movie`, `polarity` (1: positive) and `aspect`, the one that the line names last or `WHOLE`. All hang
        on the text alone: the pen, and so all other text, is not touched.
        """
        if "\n" in text:
            return {}
        label = text[text.rindex("(") + 1 : -1]
        drawn = random.Random(text)
        named = [title for title in self.titles if title in text]
        rating = drawn.choice(STARS[LABELS.index(label)])
        movie = named[0] if named else drawn.choice(self.titles)
        said = _NOUNS.findall(text.replace(movie, ""))
        aspect = _NAMED[said[-1]] if said else WHOLE
        return {"rating": rating, "movie": movie, "polarity": LABELS.index(label), "aspect": aspect}

    def _trim(self, review: str) -> str:
        return review.removesuffix(".") if self.pen.chance(0.75) else review

    def _write(self, polarity: int) -> str:
        pen = self.pen
        text = pen.one(self.deck)(polarity, pen.one(_REGISTERS))
        if pen.chance(0.08):
            text = f"{pen.one(self.deck)(polarity, pen.one(_REGISTERS))}{pen.one(('. ', '. ', ' ', '.. ', ', '))}{text}"
        elif pen.chance(0.12):
            text = f"{self._film()} {text}"
        return self._noise(text, polarity)[:140]

    def _film(self) -> str:
        pen = self.pen
        return pen.one(
            (
                f"{pen.one(self.titles)},",
                f"{pen.one(self.names)} 나와서 봤는데",
                f"{pen.one(self.names)} 팬이라 봤는데",
                f"{pen.one(self.titles)} 보고 왔는데",
                f"{pen.count(10, 60)}분쯤 봤을 때",
                f"{pen.count(1990, 2020)}년 영화인데",
            )
        )

    def _noise(self, text: str, polarity: int) -> str:
        """A tail (some belong to one mood, some to any), a slip, lost blanks."""
        pen, roll = self.pen, self.pen.random.random()
        if roll < 0.60:
            text += pen.one(_TAILS[polarity] if roll < 0.45 else _ANY_TAIL)
        if pen.chance(0.12):
            text = pen.misspell(text)
        if pen.chance(0.03):
            text = text.replace(" ", "")
        return text

    def _opinion(self, polarity: int, key: str) -> Sentiment:
        return self.pen.common(self.pool[polarity, key], 3.2)

    def _degree(self, word: Sentiment, share: float = 0.35) -> str:
        """An adverb of degree, before single adjectives only."""
        fits = word.part == "a" and " " not in word.form
        return f"{self.pen.word('degree')} " if fits and self.pen.chance(share) else ""

    def _subject(self, word: Sentiment, particle: str = "이") -> str:
        """What a predicate is said of: any aspect, or one to be seen or heard."""
        pen, aspect = self.pen, self.pen.common(self.pen.lexicon.nouns[word.role], 1.2)
        if word.role == "aspect" and pen.chance(0.14):
            aspect = f"{pen.one(self.names)} {pen.one(('연기', '목소리', '표정', '대사'))}"
        if pen.chance(0.12):
            return aspect
        return josa(aspect, particle)

    def _end(self, word: Sentiment, register: str) -> str:
        pen = self.pen
        if word.part == "n":
            if register == "clipped" and pen.chance(0.6):
                return word.form
            return pen.present(word.form, "n", register, "이")
        if word.role == "self" or pen.chance(0.4):
            return pen.past(word.form, register, word.irregular)
        return pen.present(word.form, word.part, register, word.irregular)

    def _join(self, word: Sentiment, endings: tuple[str, ...]) -> str:
        ending = self.pen.one(endings)
        if ending == "ㄴ데":
            ending = circumstance(word.form, word.part)
        return conjugate(word.form, ending, word.irregular)

    def _aspect(self, polarity: int, register: str) -> str:
        word = self._opinion(polarity, "aspect")
        intro = f"{self.pen.word('overall')} " if self.pen.chance(0.25) else ""
        return f"{intro}{self._subject(word)} {self._degree(word)}{self._end(word, register)}"

    def _whole(self, polarity: int, register: str) -> str:
        pen, word = self.pen, self._opinion(polarity, "whole")
        lead = pen.word("intro" if pen.chance(0.4) else "overall")
        return f"{lead} {self._degree(word)}{self._end(word, register)}"

    def _expression(self, polarity: int, register: str) -> str:
        pen, word = self.pen, self._opinion(polarity, "expression")
        if pen.chance(0.4):
            return f"{pen.word('lead')} {word.form}"
        return f"{pen.word('intro')} {word.form}" if pen.chance(0.7) else word.form

    def _contrast(self, polarity: int, register: str) -> str:
        pen = self.pen
        first, last = self._opinion(1 - polarity, "aspect"), pen.one(("aspect", "whole", "self"))
        turn = f"{self._subject(first, '은')} {self._degree(first, 0.15)}{self._join(first, ('지만', '었지만', 'ㄴ데', '었는데', '어도'))}"
        link = pen.one(("", "", "결국 ", "그래도 ", "전체적으로는 ", "솔직히 "))
        word = self._opinion(polarity, last)
        subject = f"{self._subject(word)} " if last == "aspect" else ""
        return f"{turn} {link}{subject}{self._degree(word, 0.2)}{self._end(word, register)}"

    def _noun(self, polarity: int, register: str) -> str:
        pen, word = self.pen, self._opinion(polarity, "noun")
        lead = pen.one(
            (
                "한마디로 ",
                "그야말로 ",
                "이건 ",
                "이 영화는 ",
                "완전 ",
                "내 기준 ",
                "누가 뭐래도 ",
                "",
            )
        )
        if pen.chance(0.3):
            lead = f"{pen.word('intro')} {lead}"
        return f"{lead}{self._end(word, register)}"

    def _self(self, polarity: int, register: str) -> str:
        pen, word = self.pen, self._opinion(polarity, "self")
        lead = pen.one(("보는 내내", "보다가", "끝나고", "중간부터", "나는", "다 보고", "오랜만에"))
        if pen.chance(0.45):
            lead = pen.word("intro")
        return f"{lead} {self._degree(word, 0.1)}{self._end(word, register)}"

    def _negated(self, polarity: int, register: str) -> str:
        pen = self.pen
        word = self._opinion(1 - polarity, pen.one(("adjective", "whole")))
        while word.form[-1] in "않없겠싶" or (word.role, word.part) == ("whole", "v"):
            word = self._opinion(1 - polarity, "adjective")
        subject = f"{self._subject(word)} " if word.role != "whole" else f"{pen.word('overall')} "
        little = pen.one(("", "", "전혀 ", "그렇게 ", "하나도 ", "별로 "))
        stem = conjugate(word.form, pen.one(("지 않", "지는 않", "지가 않")))
        return f"{subject}{little}{pen.past(stem, register) if pen.chance(0.6) else pen.present(stem, word.part, register)}"

    def _reason(self, polarity: int, register: str) -> str:
        key = self.pen.one(("whole", "self"))
        first, word = self._opinion(polarity, "aspect"), self._opinion(polarity, key)
        cause = self._join(first, ("어서", "어서", "으니까"))
        return f"{self._subject(first)} {self._degree(first, 0.2)}{cause} {self._degree(word, 0.15)}{self._end(word, register)}"

    def _both(self, polarity: int, register: str) -> str:
        first, word = self._opinion(polarity, "aspect"), self._opinion(polarity, "aspect")
        also = f"{self.pen.word(word.role)}도"
        return f"{self._subject(first)} {self._join(first, ('고', '고', '으며'))} {also} {self._degree(word, 0.2)}{self._end(word, register)}"

    def _adnominal(self, polarity: int, register: str) -> str:
        pen = self.pen
        parts = []
        for _ in range(pen.count(1, 2)):
            word = self._opinion(polarity, "adjective")
            parts.append(f"{adnominal(word.form, word.part, word.irregular)} {pen.word(word.role)}")
        tail = pen.one((" 그 자체", "의 영화", "에 박수", "만 기억난다", "")) if polarity else ""
        tail = tail or pen.one(("", "뿐", "", "만 기억난다"))
        joined = josa(parts[0], "과") + " " + parts[1] if len(parts) == 2 else parts[0]
        return joined + tail

    def _hearsay(self, polarity: int, register: str) -> str:
        pen, other = self.pen, self._opinion(1 - polarity, "whole")
        word = self._opinion(polarity, pen.one(("whole", "self")))
        said = pen.one(("는 말이 많던데", "고들 하지만", "던데", "는 평이 많지만"))
        plain = pen.present(other.form, other.part, "plain", other.irregular)
        who = pen.one(("다들", "친구는", "남들은", "평론가들은", "동생은"))
        return f"{who} {plain}{said} 나는 {self._degree(word, 0.3)}{self._end(word, register)}"

    def _score(self, polarity: int, register: str) -> str:
        pen = self.pen
        score = pen.count(8, 10) if polarity else pen.count(0, 3)
        lead = pen.one((pen.word("overall"), f"{pen.word('aspect')} 때문에", pen.word("intro")))
        return f"{lead} {pen.one(('10점 만점에 ', '평점 ', '내 점수는 '))}{score}점"

    def _vague(self, polarity: int, register: str) -> str:
        pen = self.pen
        return (
            f"{pen.word('intro')} {pen.word('neutral')}" if pen.chance(0.7) else pen.word("neutral")
        )
