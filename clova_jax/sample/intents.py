"""Writes what people ask for at home, with the name of the intent: a thing and what should be done with it.

A name is written as in a catalogue (`바람 수리`), an utterance as it is said (`선풍기 좀 고쳐 줘`). The names of half of the things,
and those of all actions, share no word with the utterances. Every thing and every action stands in several intents, so
that what the name of a new pair means can be learned from others.
"""

from collections.abc import Mapping, Sequence

from clova_jax.sample.pen import Pen, fill

# The thing in a name -> what it is called aloud: half of them by what they are for.
THINGS = {
    "바람": ("선풍기", "에어컨"),
    "영상": ("텔레비전",),
    "음악": ("스피커", "피아노"),
    "빨래": ("세탁기",),
    "시간": ("시계",),
    "사진": ("카메라",),
    "빛": ("손전등", "촛불"),
    "문서": ("노트북", "컴퓨터"),
    "음식": ("냉장고",),
    "비": ("우산",),
    **{
        name: (name,)
        for name in (
            *("청소기", "가방", "자전거", "의자", "침대"),
            *("거울", "모자", "안경", "신발", "화분"),
        )
    },
}
# The action in a name -> how it is asked for; {a} ends a request.
ACTIONS = {
    "수리": ("{o} 고쳐 {a}", "{o} 좀 고쳐 {a}", "{o:이} 고장 났어", "{o:이} 안 돼"),
    "구입": ("{o} 사 {a}", "{o} 하나 사 {a}", "{o} 하나 사고 싶어", "{o} 새로 사 {a}"),
    "청소": ("{o} 닦아 {a}", "{o} 좀 닦아 {a}", "{o:이} 더러워", "{o} 깨끗하게 해 {a}"),
    "판매": ("{o} 팔아 {a}", "{o} 팔고 싶어", "{o} 얼마에 팔까", "{o} 좀 팔아 {a}"),
    "대여": ("{o} 빌려 {a}", "{o} 빌리고 싶어", "{o} 좀 빌려 {a}", "{o} 하루만 빌려 {a}"),
    "이동": ("{o} 옮겨 {a}", "{o} 좀 옮겨 {a}", "{o} 여기에 놓아 {a}", "{o} 가져와 {a}"),
    "포장": ("{o} 싸 {a}", "{o} 예쁘게 싸 {a}", "{o} 상자에 넣어 {a}", "{o} 좀 싸 {a}"),
    "추천": ("{o} 골라 {a}", "어떤 {o:이} 좋아", "좋은 {o} 알려 {a}", "{o} 하나 골라 {a}"),
    "위치": ("{o} 찾아 {a}", "{o} 어디 있어", "{o:이} 안 보여", "{o} 어디에 뒀지"),
    "폐기": ("{o} 버려 {a}", "{o} 좀 버려 {a}", "{o} 치워 {a}", "{o} 이제 버리고 싶어"),
}
_ENDS = ("줘", "줄래", "주세요", "줘요")
_BEFORE = ("", "", "", "지금 ", "오늘 ", "내일 ", "우리 ", "저기 ")
HELD_OUT = 30  # intents with utterances enough for a test
UTTERANCES = (20, 9)  # of a held-out intent, and of another one


def intent_rows(pen: Pen) -> list[tuple[str, str, str]]:
    """Writes `(utterance, name, type)` rows as sae4k has them; the held-out intents have most utterances.

    Every thing and every action also stands in intents that are not held out.
    """
    held_out = set(_held_out(pen))
    rows = []
    for thing in THINGS:
        for action in ACTIONS:
            count = UTTERANCES[(thing, action) not in held_out]
            said: dict[str, None] = {}
            while len(said) < count:
                said[_utterance(pen, thing, action)] = None
            rows += [(text, f"{thing} {action}", "4") for text in said]
    pen.random.shuffle(rows)
    return rows


def shown_intents(rows: Sequence[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Returns the utterances of the intents that documents may show, by name: all but the held-out ones."""
    found: dict[str, list[str]] = {}
    for text, name, _ in rows:
        found.setdefault(name, []).append(text)
    return {name: texts for name, texts in found.items() if len(texts) < UTTERANCES[0]}


def intent_list(pen: Pen, shown: Mapping[str, Sequence[str]]) -> str:
    """Writes a list of what people say for a few intents, a block an intent, in the form of the prompt of Table 7."""
    names = pen.random.sample(sorted(shown), pen.count(3, 6))
    blocks = []
    for name in names:
        texts = pen.random.sample(shown[name], pen.count(4, 8))
        lines = [f"#{number}: {text}" for number, text in enumerate(texts, 1)]
        blocks.append("\n".join([f"의도: {name}", *lines]))
    return "\n\n".join(blocks)


def _held_out(pen: Pen) -> list[tuple[str, str]]:
    """Draws intents, at most four of a thing and of an action."""
    pairs = [(thing, action) for thing in THINGS for action in ACTIONS]
    pen.random.shuffle(pairs)
    chosen: list[tuple[str, str]] = []
    for pair in pairs:
        common = [sum(other[side] == pair[side] for other in chosen) for side in (0, 1)]
        if len(chosen) < HELD_OUT and max(common) < 4:
            chosen.append(pair)
    return chosen


def _utterance(pen: Pen, thing: str, action: str) -> str:
    """Writes what a person says for an intent."""
    said = fill(pen.one(ACTIONS[action]), o=pen.one(THINGS[thing]), a=pen.one(_ENDS))
    return pen.one(_BEFORE) + said
