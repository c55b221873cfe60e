"""Lists what can be said of each kind of thing in the sample world, and how it is stated and asked.

A statement is `body|stem|conjugation class|tense`, so that one fact can be told in every register;
`{e}` is the thing and `{v}` the value, `{e:은}` takes the fitting particle. `english` has the same
slots.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FactType:
    """Describes one relation: its ways of being stated and asked (해라체 questions), and in English."""

    key: str
    noun: str
    statements: tuple[str, ...]
    questions: tuple[str, ...]
    english: str


def _fact(key: str, noun: str, statements: str, questions: str, english: str) -> FactType:
    return FactType(
        key, noun, tuple(statements.split(" / ")), tuple(questions.split(" / ")), english
    )


FACTS: dict[str, tuple[FactType, ...]] = {
    "person": (
        _fact(
            "birthplace",
            "고향",
            "{e:은} {v}에서|태어나|-|past / {e}의 고향은|{v}|이|now / {e:은} {v} 출신|출신|이|noun",
            "{e:은} 어디에서 태어났는가? / {e}의 고향은 어디인가? / {e:이} 태어난 곳은 어디인가?",
            "{e} was born in {v}.",
        ),
        _fact(
            "birthyear",
            "태어난 해",
            "{e:은} {v}에|태어나|-|past / {e:이} 태어난 해는|{v}|이|now / {e:은} {v}생|생|이|noun",
            "{e:은} 언제 태어났는가? / {e:이} 태어난 해는 언제인가?",
            "{e} was born in {v}.",
        ),
        _fact(
            "school",
            "모교",
            "{e:은} {v:을}|졸업하|-|past / {e:은} {v}에서|공부하|-|past / {e}의 모교는|{v}|이|now",
            "{e:이} 졸업한 학교는 어디인가? / {e}의 모교는 어디인가? / {e:은} 어느 대학교를 나왔는가?",
            "{e} graduated from {v}.",
        ),
        _fact(
            "work",
            "대표작",
            "{e}의 대표작은|{v}|이|now / {e:은} {v:으로} 이름을|알리|-|past / 사람들은 {e:을} {v:으로}|기억하|-|now",
            "{e}의 대표작은 무엇인가? / {e:은} 어떤 작품으로 이름을 알렸는가?",
            "{e} is best known for {v}.",
        ),
        _fact(
            "award",
            "받은 상",
            "{e:은} {v:을}|받|-|past / {e:은} 오랜 노력 끝에 {v:을} 손에|넣|-|past / {e:은} {v:을}|수상하|-|past",
            "{e:은} 어떤 상을 받았는가? / {e:이} 수상한 상은 무엇인가?",
            "{e} won {v}.",
        ),
        _fact(
            "hobby",
            "취미",
            "{e}의 취미는|{v}|이|now / {e:은} 쉬는 날이면 {v:을}|즐기|-|now / {e:은} {v}에 푹 빠져|있|-|now",
            "{e}의 취미는 무엇인가? / {e:은} 쉬는 날에 무엇을 즐기는가?",
            "The hobby of {e} is {v}.",
        ),
        _fact(
            "home",
            "사는 곳",
            "{e:은} 지금 {v}에|살|-|now / {e:은} {v}에 작업실을 두고|있|-|now / {e:은} 얼마 전 {v:으로}|이사하|-|past",
            "{e:은} 지금 어디에 사는가? / {e}의 작업실은 어디에 있는가?",
            "{e} lives in {v} now.",
        ),
    ),
    "city": (
        _fact(
            "population",
            "인구",
            "{e}의 인구는|{v}|이|now / {e}에는 {v:이}|살|-|now / {e:은} 인구 {v}의 도시|도시|이|noun",
            "{e}의 인구는 얼마인가? / {e}에는 몇 명이 사는가?",
            "The population of {e} is {v}.",
        ),
        _fact(
            "food",
            "유명한 음식",
            "{e}에서 가장 유명한 음식은|{v}|이|now / {e:은} {v:으로}|유명하|-|now / {e:에} 가면 {v:을} 꼭 먹어 봐야|하|-|now",
            "{e}의 유명한 음식은 무엇인가? / {e:은} 어떤 음식으로 유명한가?",
            "{e} is famous for {v}.",
        ),
        _fact(
            "landmark",
            "명소",
            "{e}의 이름난 명소는|{v}|이|now / {e}에는 {v:이}|있|-|now / 여행자들은 {e}에서 {v:을} 가장 먼저|찾|-|now",
            "{e}의 이름난 명소는 어디인가? / {e}에서 여행자들이 가장 먼저 찾는 곳은 어디인가?",
            "The best known sight of {e} is {v}.",
        ),
        _fact(
            "mayor",
            "시장",
            "{e}의 시장은|{v}|이|now / {e}에서는 {v:이} 시장으로|일하|-|now / 지난 선거에서 {v:이} {e} 시장으로|뽑히|-|past",
            "{e}의 시장은 누구인가? / {e} 시장으로 뽑힌 사람은 누구인가?",
            "The mayor of {e} is {v}.",
        ),
        _fact(
            "flower",
            "상징 나무",
            "{e:을} 상징하는 나무는|{v}|이|now / {e:은} {v:을} 상징 나무로|정하|-|past",
            "{e:을} 상징하는 나무는 무엇인가? / {e}의 상징 나무는 무엇인가?",
            "The tree of {e} is {v}.",
        ),
        _fact(
            "railway",
            "철도가 놓인 해",
            "{e}에는 {v}에 철도가|놓이|-|past / {e}에 기차역이 문을 연 해는|{v}|이|now",
            "{e}에 철도가 놓인 해는 언제인가? / {e}에 기차역이 문을 연 해는 언제인가?",
            "The railway reached {e} in {v}.",
        ),
    ),
    "film": (
        _fact(
            "director",
            "감독",
            "{e:은} {v} 감독이|만들|-|past / {e}의 감독은|{v}|이|now / {e}의 연출은 {v:이}|맡|-|past",
            "{e}의 감독은 누구인가? / {e:은} 누가 만들었는가? / {e}의 연출은 누가 맡았는가?",
            "{v} directed {e}.",
        ),
        _fact(
            "lead",
            "주연 배우",
            "{e}의 주연은|{v}|이|now / {e}에서는 {v:이} 주인공을|맡|-|past / {e}에는 {v:이} 주연으로|나오|-|past",
            "{e}의 주연은 누구인가? / {e}에서 주인공을 맡은 배우는 누구인가?",
            "{v} played the lead in {e}.",
        ),
        _fact(
            "genre",
            "장르",
            "{e:은} {v} 영화|영화|이|noun / {e}의 장르는|{v}|이|now / {e:은} {v:으로}|분류되|-|now",
            "{e}의 장르는 무엇인가? / {e:은} 어떤 장르의 영화인가?",
            "The genre of {e} is {v}.",
        ),
        _fact(
            "year",
            "개봉한 해",
            "{e:은} {v}에|개봉하|-|past / {e:이} 극장에 걸린 해는|{v}|이|now / {e:은} {v}에 관객을|만나|-|past",
            "{e:은} 언제 개봉했는가? / {e:이} 개봉한 해는 언제인가?",
            "{e} was released in {v}.",
        ),
        _fact(
            "setting",
            "촬영지",
            "{e:은} {v}에서|촬영되|-|past / {e}의 촬영지는|{v}|이|now / {e:은} {v:을} 무대로|펼쳐지|-|now",
            "{e:은} 어디에서 촬영되었는가? / {e}의 촬영지는 어디인가?",
            "{e} was filmed in {v}.",
        ),
        _fact(
            "audience",
            "관객 수",
            "{e:은} 관객 {v:을}|모으|-|past / {e}의 관객 수는|{v}|이|past / {v:이} 극장에서 {e:을}|보|-|past",
            "{e}의 관객 수는 얼마인가? / {e:은} 관객을 몇 명 모았는가?",
            "{v} saw {e} in theaters.",
        ),
        _fact(
            "length",
            "상영 시간",
            "{e}의 상영 시간은|{v}|이|now / {e:은} {v} 동안|이어지|-|now",
            "{e}의 상영 시간은 얼마인가? / {e:은} 몇 분짜리 영화인가?",
            "{e} runs for {v}.",
        ),
    ),
    "company": (
        _fact(
            "founder",
            "창업자",
            "{e}의 창업자는|{v}|이|now / {e:은} {v:이}|세우|-|past / {e:은} {v:이} 동료들과|시작하|-|past",
            "{e}의 창업자는 누구인가? / {e:은} 누가 세웠는가?",
            "{v} founded {e}.",
        ),
        _fact(
            "year",
            "설립된 해",
            "{e:은} {v}에|설립되|-|past / {e:이} 문을 연 해는|{v}|이|now",
            "{e:은} 언제 설립되었는가? / {e:이} 문을 연 해는 언제인가?",
            "{e} was founded in {v}.",
        ),
        _fact(
            "city",
            "본사",
            "{e}의 본사는 {v}에|있|-|now / {e:은} {v}에 본사를 두고|있|-|now / {e:은} 본사를 {v:으로}|옮기|-|past",
            "{e}의 본사는 어디에 있는가? / {e:은} 어디에 본사를 두고 있는가?",
            "{e} is based in {v}.",
        ),
        _fact(
            "staff",
            "직원 수",
            "{e}의 직원은|{v}|이|now / {e}에서는 {v:이}|일하|-|now / {e:은} 직원 {v:을}|두|-|past",
            "{e}의 직원은 몇 명인가? / {e}에서는 몇 명이 일하는가?",
            "{e} employs {v}.",
        ),
        _fact(
            "industry",
            "업종",
            "{e:은} {v} 회사|회사|이|noun / {e}의 주력 사업은|{v}|이|now / {e:은} {v} 분야에서|성장하|-|past",
            "{e}의 주력 사업은 무엇인가? / {e:은} 어떤 분야의 회사인가?",
            "The main business of {e} is {v}.",
        ),
        _fact(
            "chief",
            "대표",
            "{e}의 대표는|{v}|이|now / {e:은} 지금 {v:이}|이끌|-|now / {v:이} {e}의 새 대표로|오르|르|past",
            "{e}의 대표는 누구인가? / {e:은} 지금 누가 이끄는가?",
            "{v} leads {e}.",
        ),
    ),
    "product": (
        _fact(
            "maker",
            "만든 회사",
            "{e:은} {v:이}|만들|-|past / {e:을} 만든 회사는|{v}|이|now / {e:은} {v}의 제품|제품|이|noun",
            "{e:을} 만든 회사는 어디인가? / {e:은} 어느 회사의 제품인가?",
            "{v} made {e}.",
        ),
        _fact(
            "price",
            "가격",
            "{e}의 가격은|{v}|이|now / {e:은} {v}에 팔리고|있|-|now / {e:을} 사려면 {v:이}|들|-|now",
            "{e}의 가격은 얼마인가? / {e:은} 얼마에 팔리는가?",
            "The price of {e} is {v}.",
        ),
        _fact(
            "year",
            "나온 해",
            "{e:은} {v}에|출시되|-|past / {e:이} 처음 나온 해는|{v}|이|now",
            "{e:은} 언제 출시되었는가? / {e:이} 처음 나온 해는 언제인가?",
            "{e} came out in {v}.",
        ),
        _fact(
            "weight",
            "무게",
            "{e}의 무게는|{v}|이|now / {e:은} 무게가 {v}밖에 되지|않|-|now",
            "{e}의 무게는 얼마인가? / {e:은} 무게가 얼마나 나가는가?",
            "{e} weighs {v}.",
        ),
        _fact(
            "warranty",
            "보증 기간",
            "{e}의 보증 기간은|{v}|이|now / {e:은} {v} 동안 무상으로 수리해|주|-|now",
            "{e}의 보증 기간은 얼마인가? / {e:은} 얼마 동안 무상으로 수리해 주는가?",
            "{e} has a warranty of {v}.",
        ),
        _fact(
            "color",
            "인기 색상",
            "{e:은} {v:이} 가장 많이|팔리|-|now / {e}의 인기 색상은|{v}|이|now",
            "{e}의 인기 색상은 무엇인가? / {e:은} 무슨 색이 가장 많이 팔리는가?",
            "The most popular color of {e} is {v}.",
        ),
    ),
    "shop": (
        _fact(
            "city",
            "위치",
            "{e:은} {v}에|있|-|now / {e:의} 위치는|{v}|이|now / {e:은} {v}에 자리 잡고|있|-|now",
            "{e:은} 어디에 있는가? / {e}의 위치는 어디인가?",
            "{e} is in {v}.",
        ),
        _fact(
            "menu",
            "대표 메뉴",
            "{e}의 대표 메뉴는|{v}|이|now / {e:은} {v:으로}|유명하|-|now / {e}에서는 {v:을} 가장 많이|시키|-|now",
            "{e}의 대표 메뉴는 무엇인가? / {e:은} 어떤 메뉴로 유명한가?",
            "{e} is known for {v}.",
        ),
        _fact(
            "price",
            "가격",
            "{e}의 대표 메뉴 가격은|{v}|이|now / {e}에서는 대표 메뉴를 {v}에|팔|-|now",
            "{e}의 대표 메뉴 가격은 얼마인가? / {e}에서는 대표 메뉴를 얼마에 파는가?",
            "The main dish at {e} costs {v}.",
        ),
        _fact(
            "open",
            "문 여는 시간",
            "{e:은} {v}에 문을|열|-|now / {e:이} 문을 여는 시각은|{v}|이|now",
            "{e:은} 언제 문을 여는가? / {e:이} 문을 여는 시각은 언제인가?",
            "{e} opens at {v}.",
        ),
        _fact(
            "closed",
            "쉬는 날",
            "{e:은} {v}에|쉬|-|now / {e}의 쉬는 날은|{v}|이|now / {e:은} {v}마다 문을|닫|-|now",
            "{e:은} 언제 쉬는가? / {e}의 쉬는 날은 언제인가?",
            "{e} is closed on {v}.",
        ),
        _fact(
            "owner",
            "주인",
            "{e}의 주인은|{v}|이|now / {e:은} {v:이}|운영하|-|now / {e:은} {v:이} 물려받아|꾸리|-|now",
            "{e}의 주인은 누구인가? / {e:은} 누가 운영하는가?",
            "{v} runs {e}.",
        ),
    ),
    "event": (
        _fact(
            "city",
            "열리는 곳",
            "{e:은} {v}에서|열리|-|past / {e}의 개최지는|{v}|이|now",
            "{e:은} 어디에서 열렸는가? / {e}의 개최지는 어디인가?",
            "{e} was held in {v}.",
        ),
        _fact(
            "date",
            "열리는 날",
            "{e:은} {v}에|시작되|-|past / {e}의 개막일은|{v}|이|past / {e:은} {v}에 막을|올리|-|past",
            "{e:은} 언제 시작되었는가? / {e}의 개막일은 언제인가?",
            "{e} began on {v}.",
        ),
        _fact(
            "visitors",
            "방문객 수",
            "{e}에는 {v:이}|다녀가|-|past / {e}의 방문객은|{v}|이|past / {v:이} {e:을}|찾|-|past",
            "{e}의 방문객은 몇 명인가? / {e}에는 몇 명이 다녀갔는가?",
            "{v} visited {e}.",
        ),
        _fact(
            "guest",
            "초대 손님",
            "{e}에는 {v:이} 손님으로|초대되|-|past / {e}의 초대 손님은|{v}|이|past / {e} 무대에는 {v:이}|오르|르|past",
            "{e}의 초대 손님은 누구인가? / {e} 무대에 오른 사람은 누구인가?",
            "{v} was invited to {e}.",
        ),
        _fact(
            "fee",
            "입장료",
            "{e}의 입장료는|{v}|이|past / {e}에 들어가려면 {v:을} 내야|하|-|past",
            "{e}의 입장료는 얼마인가? / {e}에 들어가려면 얼마를 내야 하는가?",
            "The entrance fee of {e} was {v}.",
        ),
        _fact(
            "host",
            "후원 회사",
            "{e:은} {v:이}|후원하|-|past / {e:을} 후원한 회사는|{v}|이|now / {e}의 비용은 {v:이}|대|-|past",
            "{e:을} 후원한 회사는 어디인가? / {e:은} 어느 회사가 후원했는가?",
            "{v} sponsored {e}.",
        ),
    ),
}
