"""News: headlines of the seven YNAT topics and the articles under them."""

from clova_jax.sample.hangul import josa
from clova_jax.sample.pen import Pen
from clova_jax.sample.world import Entity, World, state

TOPICS = ("IT과학", "경제", "사회", "생활문화", "세계", "스포츠", "정치")
"""Labels as YNAT writes them."""

SHORT = dict(zip(TOPICS, ("과학", "경제", "사회", "생활", "세계", "스포츠", "정치"), strict=True))
"""Labels as the paper's prompt says them (section 4.1)."""

_OWN = {  # kinds of entities that make news of a topic
    "IT과학": ("product", "company"),
    "경제": ("company", "company"),
    "사회": ("city", "shop"),
    "생활문화": ("event", "film"),
    "세계": ("event", "film"),
    "스포츠": ("person", "event"),
    "정치": ("person", "city"),
}


class Newsroom:
    """Writes headlines and articles with one pen."""

    def __init__(self, pen: Pen, world: World) -> None:
        self.pen, self.world = pen, world

    def headline(self, topic: str) -> str:
        """Writes a new headline of a topic, in the clipped style of wire news."""
        return self.pen.fresh(lambda: self._headline(topic))

    def _who(self, topic: str) -> str:
        pen, world = self.pen, self.world
        if pen.chance(0.55):
            entity = world.some(pen.one(_OWN[topic]), pen)
            if entity.kind == "person" and pen.chance(0.5):
                return f"{entity.name} {pen.word(topic)}" if topic == "스포츠" else entity.name
            return entity.name
        # Some headlines name a thing of another topic, as news does; the rest of it decides.
        return pen.word(pen.one(TOPICS) if pen.chance(0.25) else topic)

    def _headline(self, topic: str) -> str:
        pen = self.pen
        noun, act, tail = pen.word(topic), pen.word(f"{topic}_act"), pen.word(f"{topic}_tail")
        number = pen.one(
            (
                f"{pen.count(2, 90)}%",
                f"{pen.count(2, 99)}명",
                f"{pen.count(2, 60)}년 만에",
                f"{pen.count(1, 12)}월",
                f"{pen.count(2, 30)}일째",
                "내년",
                "오늘",
                "내달",
                "올해 첫",
                f"{pen.count(3, 95)}곳",
            )
        )
        who = self._who(topic)
        roll = pen.random.random()
        if roll < 0.22:
            return f"{who} {noun} {act}…{tail} {number}"
        if roll < 0.42:
            return f"{noun} {number} {act}…{tail} {pen.word(f'{topic}_act')}"
        if roll < 0.58:
            return f"{who} {tail} {pen.one(('앞두고', '놓고', '둘러싸고', '관련'))} {noun} {act}"
        if roll < 0.70:
            return f"{josa(who, '이')} 말하는 {josa(noun, '과')} {tail}"
        if roll < 0.80:
            return f"{number} {noun} {act} {pen.one(('눈길', '주목', '관심', '논란', '비상', '본격화'))}"
        if roll < 0.90:
            return f"{who} {josa(noun, '은')} {tail} {pen.one(('문제', '뒷전', '최우선', '시작일 뿐', '과제'))}"
        if roll < 0.95:  # short, and hard to tell
            return f"{self.world.some('city', pen).name} {pen.one(('현장', '하루', '새 소식', '달라진 풍경'))} {number} {tail}"
        return f"{pen.one(('포토', '속보', '단독', '종합'))} {who} {noun} {act}"

    def article(self, topic: str) -> tuple[str, str]:
        """Writes `(headline, article)`; the article states facts of its subject."""
        pen, world = self.pen, self.world
        entity = world.some(pen.one(_OWN[topic]), pen)
        title = self.headline(topic)
        reporter = world.some("person", pen).name
        city = world.some("city", pen).name
        lines = [
            f"({city}=한빛뉴스) {reporter} 기자 = " + pen.fresh(lambda: self._lead(topic, entity))
        ]
        facts = list(entity.types)
        pen.random.shuffle(facts)
        for fact in facts[: pen.count(2, 4)]:
            lines.append(pen.fresh(lambda fact=fact: f"{self._frame_fact(entity, fact)}."))
        for _ in range(pen.count(2, 5)):
            lines.append(pen.fresh(lambda: self._body(topic)))
        pen_order = lines[1:]
        pen.random.shuffle(pen_order)
        return title, " ".join([lines[0], *pen_order])

    def _frame_fact(self, entity: Entity, fact) -> str:
        pen = self.pen
        said = state(pen, entity, fact, "plain")
        return f"{pen.one(('', '', '알려진 대로 ', '한편 ', '자료를 보면 ', '이곳 관계자는 잘 아는 일이지만 '))}{said}"

    def _date(self) -> str:
        pen = self.pen
        return f"{pen.count(2, 12)}월 {pen.count(1, 28)}일"

    def _lead(self, topic: str, entity: Entity) -> str:
        pen = self.pen
        noun, act = pen.word(topic), pen.word(f"{topic}_act")
        who = josa(entity.name, "이")
        return pen.one(
            (
                f"{who} {self._date()} {noun} {act} 소식을 알렸다.",
                f"{josa(entity.name, '을')} 둘러싼 {noun} {act} 문제가 {self._date()} 다시 떠올랐다.",
                f"{self._date()} {josa(noun, '과')} {josa(entity.name, '이')} 함께 관심을 모았다.",
                f"{who} {noun} {act} 계획을 {self._date()} 밝혔다.",
            )
        )

    def _body(self, topic: str) -> str:
        pen = self.pen
        noun, other = pen.word(topic), pen.word(topic)
        act, tail = pen.word(f"{topic}_act"), pen.word(f"{topic}_tail")
        name = self.world.some("person", pen)
        verb = pen.one(("말했다", "밝혔다", "전했다", "설명했다", "강조했다", "덧붙였다"))
        thing = pen.one(("조사", "통계", "보고서", "발표", "자료"))
        change = pen.one(("늘었다", "줄었다", "달라졌다", "나아졌다", "나빠졌다", "두 배가 되었다"))
        return pen.one(
            (
                f'{josa(name.name, "은")} "{josa(noun, "과")} {tail} 모두 {act} 뒤에 살펴봐야 한다"고 {verb}.',
                f"{name.title} {josa(name.name, '은')} {josa(noun, '이')} {josa(other, '에')} 미칠 영향을 {pen.one(('걱정했다', '기대했다', '따져 보았다', '낮게 보았다'))}.",
                f"{self._date()} 나온 {thing}에 따르면 {noun} {josa(act, '은')} 지난해보다 {pen.count(2, 70)}퍼센트 {change}.",
                f"{tail} 쪽에서는 {noun} {josa(act, '이')} {pen.one(('이르다는', '늦었다는', '알맞다는', '지나치다는', '뜻밖이라는'))} 반응이 나왔다.",
                f"이번 {josa(act, '은')} {josa(other, '과')} {tail}에도 이어질 {pen.one(('전망이다', '것으로 보인다', '가능성이 크다', '모양새다'))}.",
                f"{self.world.some('city', pen).name}에서는 {noun} {act} 때문에 {tail} {pen.one(('일정이 바뀌었다', '준비로 바빴다', '걱정이 커졌다', '분위기가 달라졌다'))}.",
            )
        )
