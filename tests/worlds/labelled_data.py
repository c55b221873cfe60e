"""A small data folder with the files of every task."""

import json
from pathlib import Path


def write_labelled(folder: Path) -> Path:
    """Writes a few rows of every labelled file, and returns the folder."""

    def put(name: str, content: str) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    for split in ("train", "test"):
        rows = [
            f"{i}\t{split} 영화 {i}번 {'좋다' if i % 2 else '별로'}\t{i % 2}" for i in range(24)
        ]
        put(f"nsmc/ratings_{split}.txt", "id\tdocument\tlabel\n" + "\n".join(rows) + "\n")
    sections = ["IT과학", "경제", "사회", "생활문화", "세계", "스포츠", "정치"]
    for split in ("train", "dev"):
        rows = [
            {"guid": f"{split}{i}", "title": f"{split} 제목 {i}", "label": sections[i % 7]}
            for i in range(21)
        ]
        put(f"klue/ynat-v1.1/ynat-v1.1_{split}.json", json.dumps(rows))
        rows = [
            {
                "guid": f"{split}{i}",
                "sentence1": f"첫 문장 {i}",
                "sentence2": f"둘째 문장 {i}",
                "labels": {"real-label": i % 6, "binary-label": int(i % 6 >= 3)},
            }
            for i in range(18)
        ]
        put(f"klue/klue-sts-v1.1/klue-sts-v1.1_{split}.json", json.dumps(rows))
        names = ["entailment", "neutral", "contradiction"]
        rows = [
            {
                "guid": f"{split}{i}",
                "premise": f"전제 {i}",
                "hypothesis": f"가설 {i}",
                "gold_label": names[i % 3],
            }
            for i in range(18)
        ]
        put(f"klue/klue-nli-v1.1/klue-nli-v1.1_{split}.json", json.dumps(rows))
    for split in ("train", "test"):
        rows = [f"g\tf\t2012\t{i}\t{i % 6}.0\t문장 {i}\t비슷한 문장 {i}" for i in range(12)]
        header = "genre\tfilename\tyear\tid\tscore\tsentence1\tsentence2\n"
        put(f"kornlu/KorSTS/sts-{split}.tsv", header + "\n".join(rows) + "\n")
    for split in ("dev", "test"):
        rows = [
            f"한국어 문장 {i}입니다.\tThis is sentence {i}.\t{'jhe' if i % 2 else 'react.dev'}"
            for i in range(10)
        ]
        put(f"parallel/koen_{split}.tsv", "ko\ten\tsource\n" + "\n".join(rows) + "\n")
    articles = [
        {
            "title": f"제목_{a}",
            "paragraphs": [
                {
                    "context": f"문단 {a} {p}의 본문이다. 답은 {p}이다.",
                    "qas": [
                        {
                            "id": f"{a}-{p}-{q}",
                            "question": f"질문 {q}?",
                            "answers": [{"text": f"{q % 4}", "answer_start": 0}],
                        }
                        for q in range(6)
                    ],
                }
                for p in range(2)
            ],
        }
        for a in range(2)
    ]
    put(
        "korquad/KorQuAD_v1.0_dev.json",
        json.dumps({"version": "KorQuAD_v1.0_dev", "data": articles}),
    )
    for split in ("train", "test"):
        rows = [
            {
                "id": f"{split}{i}",
                "context": ["서울 날씨 알려줘", "맑습니다"],
                "query": f"내일 {i}시는?",
                "rewrite": f"서울 내일 {i}시 날씨는?",
            }
            for i in range(8)
        ]
        put(
            f"query_modification/query_modification_{split}.jsonl",
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
        )
    for split in ("train_val", "test"):
        rows = [f"{i % 7}\t{split.removesuffix('_val')} 발화 {i}번" for i in range(21)]
        put(f"dialogue/3i4k/fci_{split}.txt", "\n".join(rows) + "\n")
    rows = [f"{i}번 방의 불을 켜 줄 수 있니\t{i}번 방 불 켜기\t0" for i in range(1_400)]
    put("dialogue/sae4k/sae4k_v1.txt", "\n".join(rows) + "\n")
    return folder
