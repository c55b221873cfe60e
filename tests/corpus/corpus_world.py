"""A small corpus for the pipeline's tests: good documents, and one of everything that goes."""

import gzip
import json
import random
from pathlib import Path

_WORDS = [
    "바다",
    "산길",
    "시장",
    "학교",
    "도서관",
    "아침",
    "저녁",
    "여행",
    "음악",
    "이야기",
    "사람",
    "마을",
    "기차",
    "계획",
    "결과",
    "방법",
    "연구",
    "기록",
    "사진",
    "편지",
    "나무",
    "강물",
    "하늘",
    "구름",
    "약속",
    "노래",
    "점심",
    "자전거",
    "골목",
    "문장",
]
_ENDINGS = [
    "에서",
    "만났다.",
    "을",
    "보았다.",
    "이",
    "시작되었다.",
    "은",
    "조용했다.",
    "를",
    "기다렸다.",
    "에",
    "대해",
    "썼다.",
    "이라고",
    "말했다.",
    "도",
    "좋아했다.",
]


def prose(rng: random.Random, sentences: int = 8) -> str:
    """Sentences of random words: no two alike."""
    return " ".join(
        " ".join(rng.choice(_WORDS) for _ in range(rng.randint(3, 7))) + rng.choice(_ENDINGS)
        for _ in range(sentences)
    )


def write_world(folder: Path, documents: int = 300, seed: int = 0) -> Path:
    """`blogs.jsonl.gz`, `news_comments.jsonl`, `pages/*.html`, `rows.csv` and `note.txt`."""
    rng = random.Random(seed)
    corpus = folder / "corpus"
    (corpus / "pages").mkdir(parents=True)
    rows = [{"text": prose(rng), "id": f"b{number}"} for number in range(documents)]
    rows[10]["text"] = rows[3]["text"]  # an exact copy
    rows[11]["text"] = rows[4]["text"].replace("바다", "산길", 1)  # a near one
    rows[12]["text"] = (
        "This page is written in plain English and nobody has translated it so far, sadly."
    )
    rows[13]["text"] = "짧다"
    rows[14]["text"] = "바다 보러 가자! " * 30
    rows[15]["text"] = prose(rng) + " 연락처는 010-1234-5678 입니다."
    rows[16]["text"] = (
        "카지노 가입 즉시 꽁머니! 카지노 추천 바카라 먹튀 없는 곳, 지금 바로 가입하세요. 텔레 문의"
    )
    with gzip.open(corpus / "blogs.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    comments = [
        "정말 재미있는 이야기네요",
        "ㅋㅋㅋㅋㅋㅋㅋㅋ",
        "씨발 병신 새끼들",
        "또 보고 싶어요 감사합니다",
    ]
    with (corpus / "news_comments.jsonl").open("w") as file:
        file.writelines(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in comments)
    for number in range(3):
        (corpus / "pages" / f"{number}.html").write_text(
            "<html><body><div class=menu><a href=/>홈</a> <a href=/b>목록</a></div><article>"
            f"<h1>{prose(rng, 1)}</h1><p>{prose(rng)}</p><p>{prose(rng)}</p></article>"
            "<footer>Copyright ⓒ 2021 무단 전재 금지</footer></body></html>"
        )
    (corpus / "rows.csv").write_text('id,본문\n1,"' + prose(rng) + '"\n2,"' + prose(rng) + '"\n')
    (corpus / "note.txt").write_text(prose(rng), encoding="cp949")
    return corpus
