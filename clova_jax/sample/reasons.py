"""Lists why things of the sample world happened and how they are done, for questions with long answers.

In a statement `{e}` is the thing and `{c}` the clause that answers: two parts, the first in 고, the second in 아서. Other slots
are classes of nouns.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Describes an event or a habit: how it is stated and asked, and the two parts of its clauses to draw from."""

    statement: str
    question: str
    first: tuple[str, ...]
    second: tuple[str, ...]


def _reason(statement: str, question: str, first: str, second: str) -> Reason:
    return Reason(statement, question, tuple(first.split(" / ")), tuple(second.split(" / ")))


WHY: dict[str, Reason] = {
    "person": _reason(
        "{e:은} {c} 새 공부를 시작했다.",
        "{e:은} 왜 새 공부를 시작했는가?",
        "어릴 때 {nature:을} 좋아했고 / {job:이} 되고 싶었고 / {media:을} 읽다가 궁금한 것이 생겼고 / 친구의 권유를 받았고",
        "{place}에서 새로운 것을 보아서 / 혼자서는 답을 찾지 못해서 / {thing:을} 직접 만들고 싶어서 / 좋은 {job:을} 만나서",
    ),
    "city": _reason(
        "{e:은} {c} 다리를 새로 놓았다.",
        "{e:은} 왜 다리를 새로 놓았는가?",
        "{rain} 때문에 길이 끊겼고 / 사람이 늘었고 / {place}까지 가는 길이 멀었고 / {job}들이 오가기 어려웠고",
        "{thing:을} 나르는 데 오래 걸려서 / 낡은 다리가 위험해서 / {nature:을} 보러 오는 사람이 많아서 / {animal:이} 다칠까 걱정되어서",
    ),
    "film": _reason(
        "{e:은} {c} 개봉이 늦어졌다.",
        "{e:은} 왜 개봉이 늦어졌는가?",
        "촬영 중에 {rain:이} 이어졌고 / {place}에서 쓸 {thing:이} 모자랐고 / 주연 배우가 다쳤고 / 제작비가 바닥났고",
        "{animal} 장면을 다시 찍어야 해서 / 편집에 시간이 더 걸려서 / {titlenoun} 부분을 새로 써야 해서 / {job:을} 다시 구해야 해서",
    ),
    "company": _reason(
        "{e:은} {c} 공장을 옮겼다.",
        "{e:은} 왜 공장을 옮겼는가?",
        "{thing} 값이 크게 올랐고 / 일할 사람을 구하기 어려웠고 / {place} 가까이에 있어 시끄러웠고 / 주문이 두 배로 늘었고",
        "더 넓은 땅이 필요해서 / {rain} 피해가 잦아서 / 새 기계를 들여놓아야 해서 / {job:을} 더 뽑아야 해서",
    ),
    "product": _reason(
        "{e:은} {c} 큰 인기를 끌었다.",
        "{e:은} 왜 큰 인기를 끌었는가?",
        "{thing}만큼 가벼웠고 / {job:이} 광고에 나왔고 / 소리가 거의 나지 않았고 / {place}에서도 쓸 수 있었고",
        "고장이 적어서 / {animal} 모양의 겉모습이 귀여워서 / 값이 알맞아서 / {media}에 소개되어서",
    ),
    "shop": _reason(
        "{e:은} {c} 손님이 늘었다.",
        "{e:은} 왜 손님이 늘었는가?",
        "{media}에 소개되었고 / {food:을} 새로 내놓았고 / {place} 앞으로 옮겼고 / 값을 조금 내렸고",
        "{drink:을} 거저 주어서 / 주인이 친절해서 / {job:이} 자주 찾아와서 / 기다리는 자리에 {thing:을} 두어서",
    ),
    "event": _reason(
        "{e:은} {c} 하루 늦게 끝났다.",
        "{e:은} 왜 하루 늦게 끝났는가?",
        "첫날에 {rain:이} 내렸고 / {job} 공연이 길어졌고 / 손님이 몰려 길이 막혔고 / {food:이} 일찍 떨어졌고",
        "{place} 무대를 다시 세워야 해서 / {thing:을} 나누어 줄 시간이 모자라서 / {animal} 행진을 미루어서 / 사람들이 더 보고 싶어 해서",
    ),
}

HOW: dict[str, Reason] = {
    "person": _reason(
        "{e:은} {c} 건강을 지킨다.",
        "{e:은} 건강을 어떻게 지키는가?",
        "아침마다 {place:을} 걷고 / {food:을} 적게 먹고 / 저녁에는 일찍 눕고 / {drink:을} 하루 한 잔만 마시고",
        "주말마다 {skill:을} 배워서 / {animal:과} 함께 뛰어서 / 늘 가벼운 {thing:을} 써서 / 틈틈이 {media:을} 읽어서",
    ),
    "city": _reason(
        "{e:은} {c} 물을 아낀다.",
        "{e:은} 물을 어떻게 아끼는가?",
        "빗물을 모아 두고 / {place}의 분수를 끄고 / {job:을} 보내 새는 곳을 찾고 / {rain:이} 오는 날을 기다리고",
        "한 번 쓴 물을 다시 걸러서 / 밤에 나무에 물을 주어서 / 집마다 {thing:을} 나누어 주어서 / {nature} 옆에 못을 파서",
    ),
    "film": _reason(
        "{e:은} {c} 마지막 장면을 찍었다.",
        "{e}의 마지막 장면은 어떻게 찍었는가?",
        "{place:을} 통째로 빌리고 / {job} 백 명을 모으고 / 카메라 두 대를 세우고 / {rain:을} 기다리고",
        "새벽마다 조금씩 나누어서 / {thing:을} 수백 개 늘어놓아서 / {animal:을} 길들여서 / 한 번에 이어서",
    ),
    "company": _reason(
        "{e:은} {c} 비용을 줄였다.",
        "{e:은} 비용을 어떻게 줄였는가?",
        "{thing:을} 함께 사들이고 / 회의를 반으로 줄이고 / {product:을} 직접 만들고 / 낮에는 불을 끄고",
        "{place:을} 다른 회사와 나누어 써서 / 낡은 기계를 고쳐 써서 / {job:을} 따로 두지 않아서 / {food:을} 밖에서 사지 않아서",
    ),
    "product": _reason(
        "{e:은} {c} 전기를 아낀다.",
        "{e:은} 전기를 어떻게 아끼는가?",
        "쓰지 않을 때는 스스로 꺼지고 / {rain:이} 오면 힘을 낮추고 / 햇빛을 모아 두고 / {thing} 크기의 전지를 쓰고",
        "밤에는 천천히 움직여서 / 주인의 버릇을 익혀서 / {place}의 밝기를 재어서 / 남는 열을 다시 써서",
    ),
    "shop": _reason(
        "{e:은} {c} 국물을 낸다.",
        "{e:은} 국물을 어떻게 내는가?",
        "뼈를 밤새 고고 / 멸치를 볶아 가루를 내고 / 무와 다시마를 넣고 / {drink:을} 조금 붓고",
        "약한 불에 오래 끓여서 / 기름을 세 번 걷어 내어서 / 아침마다 새 물을 받아서 / {food} 재료를 더해서",
    ),
    "event": _reason(
        "{e:은} {c} 쓰레기를 줄였다.",
        "{e:은} 쓰레기를 어떻게 줄였는가?",
        "{food:을} 큰 그릇에 담고 / {drink} 잔을 돌려받고 / 종이 대신 {thing:을} 쓰고 / {job:이} 길목마다 서고",
        "{place}에 모아 다시 써서 / 가져온 그릇만 받아서 / 남은 음식을 {animal} 먹이로 보내서 / 표를 전화로 보내서",
    ),
}
