"""Writes small talk: what people say of their day to a speaker, and what it answers, in one of three speech levels.

A thing said has a few wordings; the answer is the same for all of them, and names the same food, place or hobby.
"""

from clova_jax.sample.pen import Pen, fill

# Noun class, wordings, and the answer in 해요체, 합쇼체 and 반말.
TALK: tuple[tuple[str, str, str], ...] = tuple(
    tuple(row.split("|"))  # type: ignore[misc]
    for row in (
        "food|{x} 먹고 싶다/{x:이} 자꾸 생각나/오늘따라 {x:이} 당기네/{x} 한 그릇 했으면/배고픈데 {x} 어떨까"
        "|{x:은} 언제 먹어도 맛있지요/{x:은} 언제 드셔도 맛있습니다/{x:은} 언제 먹어도 맛있지",
        "food|{x} 먹고 체했나 봐/{x} 때문에 속이 더부룩해/{x:을} 너무 많이 먹었어/{x} 먹고 배가 아파"
        "|따뜻한 물을 드세요/따뜻한 물을 드십시오/따뜻한 물을 마셔",
        "drink|{x} 한잔하고 싶어/{x} 마실까/졸린데 {x:이} 필요해/목마른데 {x} 좋겠다"
        "|{x} 한 잔의 여유를 즐겨 보세요/{x} 한 잔의 여유를 즐기시기 바랍니다/{x} 한 잔의 여유를 즐겨 봐",
        "place|{x} 가기 싫다/{x:에} 갈 생각을 하니 답답해/{x:은} 왜 이렇게 멀까/{x} 안 가면 안 될까"
        "|하루쯤 쉬어도 괜찮아요/하루쯤 쉬셔도 괜찮습니다/하루쯤 쉬어도 괜찮아",
        "place|{x}에서 길을 잃었어/{x}에서 한참 헤맸어/{x} 찾느라 다리 아파"
        "|천천히 둘러보면 길이 보여요/천천히 둘러보시면 길이 보입니다/천천히 둘러보면 길이 보여",
        "hobby|{x:을} 시작해 볼까/요즘 {x:이} 재미있어 보여/나도 {x} 해 보고 싶다/주말에 {x} 할까"
        "|{x:은} 좋은 취미예요/{x:은} 좋은 취미입니다/{x:은} 좋은 취미야",
        "skill|{x:을} 배우는데 너무 어렵다/{x} 실력이 늘지 않아/{x} 그만둘까/{x:은} 나랑 안 맞나 봐"
        "|조금씩 늘고 있을 거예요/조금씩 늘고 있을 것입니다/조금씩 늘고 있을 거야",
        "pet|{x} 키우고 싶다/{x:이} 너무 귀여워/우리 집에도 {x:이} 있으면 좋겠다/{x} 보면 기분이 좋아"
        "|{x:은} 가족이나 마찬가지예요/{x:은} 가족이나 마찬가지입니다/{x:은} 가족이나 마찬가지야",
        "person|{x:이} 보고 싶다/{x} 생각이 나/{x} 못 본 지 오래됐어/{x} 요즘 뭐 할까"
        "|먼저 연락해 보세요/먼저 연락해 보시기 바랍니다/먼저 연락해 봐",
        "person|{x:와} 싸웠어/{x:이} 나한테 화났나 봐/{x} 때문에 속상해/{x:이} 내 말을 안 들어"
        "|솔직하게 이야기하면 풀릴 거예요/솔직하게 이야기하시면 풀릴 것입니다/솔직하게 이야기하면 풀릴 거야",
        "rain|{x:이} 와서 우울해/{x} 때문에 나가기 싫다/하루 종일 {x} 오네/{x:은} 이제 그만"
        "|이런 날은 집이 제일이지요/이런 날은 집이 제일입니다/이런 날은 집이 제일이지",
        "media|{x} 읽다가 밤새웠어/{x:이} 너무 재미있다/{x:을} 손에서 놓을 수가 없어/요즘 {x:에} 빠졌어"
        "|눈도 쉬게 해 주세요/눈도 쉬게 해 주십시오/눈도 쉬게 해 줘",
    )
)
WORDS = 12  # of a noun class that a thing is said of
WORDINGS = 3  # of each
SHARES = (0.5, 0.75)  # of 해요체, and of it with 합쇼체
ENDS = ("", "", ".", "!")


def small_talk(pen: Pen) -> list[tuple[str, str, str]]:
    """Returns `(said, answer, label)` rows as Chatbot_data has them, the header first."""
    rows: dict[str, tuple[str, str, str]] = {}
    for group, wordings, answers in TALK:
        nouns = list(pen.lexicon.nouns[group])
        pen.random.shuffle(nouns)
        for noun in nouns[:WORDS]:
            roll = pen.random.random()
            level = (roll >= SHARES[0]) + (roll >= SHARES[1])
            answer = fill(answers.split("/")[level], x=noun) + "."
            for wording in pen.random.sample(wordings.split("/"), WORDINGS):
                said = fill(wording, x=noun) + pen.one(ENDS)
                rows.setdefault(said, (said, answer, "0"))
    mixed = list(rows.values())
    pen.random.shuffle(mixed)
    return [("Q", "A", "label"), *mixed]
