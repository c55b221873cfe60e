"""Writes events of a shop: the products that are on sale together, the day, and the title that somebody gave them.

A title names the occasion of the month, what the products are good for, and the first of them. Training events sell products
that the documents mention; those of the test have names that stand nowhere else.
"""

from collections.abc import Sequence
from typing import Any

from clova_jax.sample.pen import Pen
from clova_jax.sample.world import MODELS, World

OCCASIONS = (
    *("새해", "졸업식", "새 학기", "봄나들이", "가정의 달", "초여름"),
    *("장마철", "휴가철", "추석", "단풍철", "김장철", "연말"),
)
"""What is in people's minds, January to December."""

# Things that are sold together -> two ways to say what they are good for.
GROUPS = {
    ("선풍기", "에어컨"): ("더위를 식히는 바람", "시원한 하루"),
    ("공기청정기", "가습기"): ("맑은 공기 한 모금", "숨이 편한 우리 집"),
    ("냉장고", "전기밥솥", "커피 머신"): ("부엌의 든든한 식구", "맛있는 한 상"),
    ("이어폰", "헤드폰", "스피커"): ("귀가 즐거운 시간", "소리로 채우는 방"),
    ("청소기", "로봇 청소기", "세탁기"): ("집안일이 가벼워지는 날", "반짝이는 집"),
    ("노트북", "태블릿", "키보드"): ("책상 위의 한 벌", "손끝에서 끝내는 일"),
    ("카메라", "스마트폰", "텔레비전"): ("눈에 담는 순간", "오래 남길 장면"),
    ("전기 자전거", "전기차", "손목시계"): ("멀리 가고 싶은 날", "바람을 가르는 길"),
}
_TITLES = (
    "{occasion} {phrase}, {product}",
    "{phrase}, {occasion} {product} 기획전",
    "{product}, {occasion}의 {phrase}",
)


def event_rows(pen: Pen, world: World, count: int, split: str) -> list[dict[str, Any]]:
    """Writes events as rows of `id, date, tags, title`.

    Args:
        pen: of this split.
        world: with the products that documents mention.
        count: rows.
        split: `train`, of the world's products, or `test`, of others.
    """
    known = _known(world)
    rows = []
    for number in range(1, count + 1):
        things = pen.one(tuple(GROUPS if split == "test" else known))
        wanted = pen.count(2, 3)
        if split == "test":
            tags = _unknown(pen, world, things, wanted)
        else:
            tags = pen.random.sample(known[things], min(wanted, len(known[things])))
        month, day = pen.count(1, 12), pen.count(1, 28)
        title = pen.one(_TITLES).format(
            occasion=OCCASIONS[month - 1], phrase=pen.one(GROUPS[things]), product=tags[0]
        )
        row = {"id": f"{split}-{number}", "date": f"2020-{month:02}-{day:02}"}
        rows.append(row | {"tags": tags, "title": title})
    return rows


def event_list(pen: Pen, world: World) -> str:
    """Writes a few events of the world's products, in the form of the prompt of Table 8."""
    blocks = []
    for row in event_rows(pen, world, pen.count(4, 8), "train"):
        _, month, day = row["date"].split("-")
        listed = ", ".join(row["tags"])
        blocks.append(f"때: {int(month)}월 {int(day)}일\n상품: {listed}\n제목: {row['title']}")
    return "\n\n".join(blocks)


def _known(world: World) -> dict[tuple[str, ...], list[str]]:
    """Returns the world's products by the things that they are sold with; groups of none left out."""
    found: dict[tuple[str, ...], list[str]] = {}
    for product in world.entities["product"]:
        thing = product.name.split(" ", 1)[1].rsplit(" ", 1)[0]  # between brand and model
        for things in GROUPS:
            if thing in things:
                found.setdefault(things, []).append(product.name)
    return found


def _unknown(pen: Pen, world: World, things: Sequence[str], wanted: int) -> list[str]:
    """Makes different names that no product of the world has."""
    names: dict[str, None] = {}
    while len(names) < wanted:
        name = f"{pen.word('brand')} {pen.one(things)} {pen.one(MODELS)}{pen.count(1, 9)}"
        if name not in world.by_name:
            names[name] = None
    return list(names)
