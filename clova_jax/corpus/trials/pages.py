"""Generates web pages with a known core: blogs, news, forums and plain pages, in many builds.

The texts are made of random clauses; what a model can learn here is structure: where menus, links,
comments and footers stand, and what they look like. `layouts` chooses the builds, so that a test can
hold some back.
"""

import random
from collections.abc import Iterator

LAYOUTS = ("blog", "news", "forum", "plain", "table", "semantic")

_SUBJECTS = [
    "오늘은",
    "어제는",
    "우리는",
    "정부가",
    "회사가",
    "선수들이",
    "아이들은",
    "연구진은",
    "시장에서",
    "학교에서",
    "마을",
    "사람들이",
    "그",
    "작가는",
    "새",
    "제품이",
    "이번",
    "행사는",
    "바다는",
    "식당이",
]
_OBJECTS = [
    "새",
    "계획을",
    "오래된",
    "길을",
    "점심을",
    "결과를",
    "사진을",
    "이야기를",
    "방법을",
    "문제를",
    "기술을",
    "음악을",
    "경기를",
    "책을",
    "가격을",
    "날씨를",
    "여행을",
]
_VERBS = [
    "발표했다",
    "걸었다",
    "먹었다",
    "보여 주었다",
    "찍었어요",
    "들려주었습니다",
    "정리했다",
    "해결하지 못했다",
    "배웠습니다",
    "좋아합니다",
    "기다렸다",
    "고민했다",
    "시작했다",
    "소개하겠습니다",
    "마쳤다.",
]
_ADVERBS = [
    "천천히",
    "처음으로",
    "다시",
    "함께",
    "조용히",
    "갑자기",
    "무려",
    "결국",
    "특히",
    "여전히",
]
_LINKS = [
    "홈",
    "전체글",
    "여행",
    "요리",
    "사진",
    "방명록",
    "로그인",
    "회원가입",
    "정치",
    "경제",
    "사회",
    "문화",
    "연예",
    "스포츠",
    "날씨",
    "지도",
    "카페",
    "블로그",
    "뉴스",
    "쇼핑",
    "고객센터",
    "이용약관",
    "개인정보처리방침",
    "사이트맵",
    "공지사항",
    "이벤트",
    "인기글",
    "최신글",
    "구독하기",
    "검색",
    "더보기",
    "이전글",
    "다음글",
    "목록",
]
_FOOT = (
    "Copyright ⓒ {} 주식회사 나무. All rights reserved.",
    "무단 전재 및 재배포 금지",
    "사업자등록번호 123-45-67890 대표 홍길동",
    "저작권자 © 하늘일보, 이 기사를 함부로 옮기지 마십시오.",
    "이 블로그는 광고를 포함하고 있습니다.",
)
_COMMENTS = [
    "잘 봤습니다 ㅎㅎ",
    "퍼가요~",
    "좋은 글 감사합니다.",
    "저도 가보고 싶네요",
    "ㅋㅋㅋ 공감",
    "이웃추가하고 갑니다",
    "정보 감사해요! 다음에 또 올게요.",
    "기사가 왜 이래요? 다시 쓰세요.",
]


def _sentence(rng: random.Random) -> str:
    words = [rng.choice(_SUBJECTS), rng.choice(_OBJECTS), rng.choice(_VERBS).rstrip(".") + "."]
    if rng.random() < 0.6:
        words.insert(1, rng.choice(_ADVERBS))
    return " ".join(words)


def _paragraph(rng: random.Random) -> str:
    return " ".join(_sentence(rng) for _ in range(rng.choice([1, 1, 2, 3, 4, 6])))


def _title(rng: random.Random) -> str:
    return f"{rng.choice(_SUBJECTS)} {rng.choice(_OBJECTS)[:-1]} {rng.choice(['이야기', '후기', '정리', '소식', '기록', '…왜'])}"


def _menu(rng: random.Random, name: str, tag: str = "ul") -> str:
    links = [f'<a href="/{i}">{rng.choice(_LINKS)}</a>' for i in range(rng.randint(3, 14))]
    if tag == "ul":
        return (
            f'<div class="{name}"><ul>'
            + "".join(f"<li>{link}</li>" for link in links)
            + "</ul></div>"
        )
    return f'<div class="{name}">' + " | ".join(links) + "</div>"


def _related(rng: random.Random) -> str:
    items = "".join(f'<li><a href="/{i}">{_title(rng)}</a></li>' for i in range(rng.randint(3, 8)))
    return f'<div class="{rng.choice(["related", "box3", "list", "recommend"])}"><h3>{rng.choice(["관련 기사", "많이 본 글", "추천 글", "인기 뉴스"])}</h3><ul>{items}</ul></div>'


def _comments(rng: random.Random) -> str:
    items = "".join(
        f'<div class="{rng.choice(["cmt", "comment", "item"])}"><b>사용자{rng.randint(1, 99)}</b><p>{rng.choice(_COMMENTS)}</p><a>답글</a></div>'
        for _ in range(rng.randint(0, 6))
    )
    return (
        f'<div class="{rng.choice(["comments", "reply_area", "box7"])}"><h4>댓글</h4>{items}</div>'
    )


def _footer(rng: random.Random) -> str:
    lines = rng.sample(_FOOT, rng.randint(1, 3))
    tag = rng.choice(["footer", "div"])
    return (
        f"<{tag} class='{rng.choice(['footer', 'ft', 'bottom', 'box9'])}'>"
        + "".join(f"<p>{line.format(rng.randint(2005, 2021))}</p>" for line in lines)
        + _menu(rng, "x", "bar")
        + f"</{tag}>"
    )


def _core(rng: random.Random, layout: str) -> tuple[str, list[str]]:
    """The core's HTML, and its texts in order."""
    title = _title(rng)
    html, texts = [f"<h1>{title}</h1>" if layout != "table" else f"<b>{title}</b><br><br>"], [title]
    wrap = {"forum": "div", "plain": "div", "table": "div"}.get(layout, "p")
    for _ in range(rng.randint(2, 12)):
        kind = rng.random()
        if kind < 0.7:
            text = _paragraph(rng)
            body = (
                text.replace(rng.choice(_OBJECTS), '<a href="/x">링크</a>', 1)
                if rng.random() < 0.1
                else text
            )
            html.append(f"<{wrap}>{body}</{wrap}>")
            texts.append(
                text if body is text else body.replace('<a href="/x">', "").replace("</a>", "")
            )
        elif kind < 0.8:
            text = _title(rng)
            html.append(f"<h2>{text}</h2>")
            texts.append(text)
        elif kind < 0.92:
            items = [
                _sentence(rng) if rng.random() < 0.5 else _title(rng)
                for _ in range(rng.randint(2, 5))
            ]
            html.append("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>")
            texts += items
        else:
            cells = [
                [rng.choice(_OBJECTS)[:-1], f"{rng.randint(1, 99)},000원"]
                for _ in range(rng.randint(2, 5))
            ]
            html.append(
                "<table>"
                + "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in cells)
                + "</table>"
            )
            texts += [f"{a} {b}" for a, b in cells]
    return "".join(html), texts


def pages(
    count: int, seed: int = 0, layouts: tuple[str, ...] = LAYOUTS
) -> Iterator[tuple[str, str]]:
    """Yields (html, core text) pairs."""
    rng = random.Random(seed)
    for _ in range(count):
        layout = rng.choice(layouts)
        core, texts = _core(rng, layout)
        name = {
            "blog": ["post", "se-main-container", "entry-content"],
            "news": ["article_body", "news_view", "articleBody"],
            "forum": ["view_content", "bbs_view", "box2"],
            "plain": ["c1", "wrap2", "inner"],
            "table": ["t1", "tt"],
            "semantic": ["", "main"],
        }[layout]
        holder = {"semantic": "article", "table": "td"}.get(layout, "div")
        middle = f'<{holder} class="{rng.choice(name)}">{core}</{holder}>'
        if layout == "table":
            middle = f"<table><tr><td>{_menu(rng, 'left')}</td>{middle}</tr></table>"
        head = _menu(
            rng, rng.choice(["gnb", "nav", "top", "menu", "box1"]), rng.choice(["ul", "bar"])
        )
        date = f"<div class='{rng.choice(['date', 'info'])}'>2021.03.{rng.randint(1, 28)} {rng.randint(0, 23)}:10 조회 {rng.randint(1, 9999)} | 공유하기</div>"
        tail = [_related(rng), _comments(rng), _menu(rng, rng.choice(["side", "aside", "box5"]))]
        rng.shuffle(tail)
        before = _menu(rng, "sidebar") if rng.random() < 0.3 else ""
        html = f"<html><head><title>{texts[0]}</title></head><body>{head}{before}{date}{middle}{''.join(tail[: rng.randint(1, 3)])}{_footer(rng)}</body></html>"
        yield html, "\n".join(texts)
