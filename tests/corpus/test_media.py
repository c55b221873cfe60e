"""Images, speech and video stay beside their documents, in order; what cannot be kept is named in one line."""

import hashlib
import itertools
import json
import random
import unicodedata
from pathlib import Path

import pytest
from corpus_world import prose
from hypothesis import given, settings
from hypothesis import strategies as st

from clova_jax.cli import main as clova
from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, read_jsonl
from clova_jax.corpus import check_media, media_of, prepare_media, read_documents
from clova_jax.corpus.clean import privacy
from clova_jax.corpus.clean.privacy.step import Privacy, PrivacySettings
from clova_jax.corpus.clean.step import Context
from clova_jax.corpus.media.medium import TYPES, Medium, broken, marker, placed, taken
from clova_jax.corpus.media.transcripts import masked_cues, read_cues

texts = st.text(st.sampled_from("가나 \n<|image 123>audio|>video"), max_size=60)
items = st.lists(st.tuples(st.sampled_from(TYPES), st.integers(0, 60)), max_size=5)


@given(texts, items)
def test_markers_go_in_and_come_out_again(text, some):
    media = [Medium(kind, f"{n}.x", at=min(at, len(text))) for n, (kind, at) in enumerate(some)]
    with_markers, put = placed(text, media)
    assert [medium.at for medium in put] == sorted(medium.at for medium in put)
    for number, medium in enumerate(put, 1):
        assert with_markers.find(marker(medium.type, number)) == medium.at
    plain, places = taken(with_markers, put)
    in_order = sorted(media, key=lambda medium: medium.at)
    cuts = [0, *(medium.at for medium in in_order), len(text)]
    pieces = [broken(text[a:b]) for a, b in itertools.pairwise(cuts)]
    assert plain == "".join(pieces)
    assert [medium.path for medium in places] == [medium.path for medium in in_order]
    assert [m.at for m in places] == [len("".join(pieces[: n + 1])) for n in range(len(media))]
    assert placed(plain, places) == (with_markers, put)
    assert placed(with_markers, put) == (with_markers, put)  # what is prepared again stays


def write_file(path: Path, content: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


@settings(max_examples=12)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_documents_and_files_come_back_as_they_were(tmp_path_factory, chance, count):
    folder = tmp_path_factory.mktemp("media")
    rows, files = [], {}
    for number in range(count):
        text = "".join(chance.choice("가나다 \n") for _ in range(chance.randint(0, 20)))
        media = []
        for _ in range(chance.randint(0, 3)):
            name = chance.choice(["a.jpg", "그림/b c.png", "말.mp3", "v.mp4"])
            content = chance.choice([b"", b"one", b"two\x00"]) + name.encode()
            files[name] = write_file(folder / "in" / name, content)
            known = {"path": name, "alt": chance.choice(["", "산"]), "caption": "바다"}
            media.append(known | chance.choice([{}, {"at": chance.randint(0, len(text))}]))
        rows.append({"text": text, "id": str(number), "source": "web", "meta": {"media": media}})
    (folder / "in").mkdir(exist_ok=True)
    lines = "\n".join(json.dumps(row) for row in rows)
    (folder / "in" / "a.jsonl").write_text(lines)
    prepare_media(folder / "in", folder / "one", workers=1)
    prepare_media(folder / "one", folder / "two", workers=1)  # what is prepared is an input too
    for out in (folder / "one", folder / "two"):
        found = {document.id: document for document in read_documents(out)}
        assert len(found) == count
        manifest = [row for _, row in read_jsonl(out / "manifest.jsonl")]
        for row in rows:
            document = found[row["id"]]
            plain, places = taken(document.text, media_of(document))
            given_media = row["meta"]["media"]
            order = sorted(given_media, key=lambda m: m.get("at", len(row["text"])))
            assert plain == row["text"]
            assert [m.at for m in places] == [m.get("at", len(row["text"])) for m in order]
            for medium, wanted in zip(places, order, strict=True):
                assert medium.sha256 == files[wanted["path"]]
                kept = (out / medium.path).read_bytes()
                assert (hashlib.sha256(kept).hexdigest(), len(kept)) == (medium.sha256, medium.size)
                assert (medium.alt, medium.caption) == (wanted["alt"], "바다")
            mine = [line for line in manifest if line["document"] == row["id"]]
            assert [line["number"] for line in mine] == list(range(1, len(order) + 1))
            for line, medium in zip(mine, media_of(document), strict=True):
                assert line["at"] == medium.at
                assert document.text.startswith(marker(medium.type, line["number"]), medium.at)
        assert check_media(out) == len(manifest)
    same = (folder / "one" / "manifest.jsonl").read_bytes()
    assert same == (folder / "two" / "manifest.jsonl").read_bytes()


PAGE = """<html><head><title>섬 여행</title></head><body>
<div class=menu><a href=/><img src="logo.png" alt="홈"></a> <a href=/b>목록</a></div>
<article><h1>섬 여행</h1><p>{one}</p>
<figure><img src="사진/a%20b.jpg" alt="등대, 문의 010-1234-5678"><figcaption>등대지기 (lee@example.com)</figcaption></figure>
<p>{two} <img src="/root.png"> {three}</p>
<video controls><source src="none.webm"><source src="v.mp4"><track kind=chapters src="c.vtt"><track src="en.vtt" srclang=en>
<track kind=captions src="ko.vtt" srclang=ko>브라우저가 낡았습니다</video>
<p>{four}</p><img src="https://example.com/far.jpg"><img src="../../secret.jpg"><img src="data:image/png;base64,AAAA">
<img src="pixel.gif" width=1 height=1><audio src="말.mp3" aria-label="인사"></audio><p>{one}</p></article>
<footer><img src="logo.png"> Copyright ⓒ 2021 무단 전재 금지</footer></body></html>"""
VTT = """WEBVTT

NOTE 참고

1
00:00:01.500 --> 00:00:03.000 align:start
<v 이>안녕하세요, 제 번호는
010-2345

2
01:00.000 --> 01:02.5
6789 입니다
"""


def write_page(folder: Path) -> Path:
    rng = random.Random(0)
    data = folder / "data"
    for name in ("logo.png", "사진/a b.jpg", "v.mp4", "말.mp3", "pixel.gif"):
        write_file(data / "site" / unicodedata.normalize("NFD", name), name.encode())
    write_file(data / "root.png", b"root")
    write_file(folder / "secret.jpg", b"secret")
    write_file(data / "site" / "ko.vtt", VTT.encode())
    write_file(data / "site" / "en.vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\nhello\n")
    said = {name: prose(rng) for name in ("one", "two", "three", "four")}
    (data / "site" / "page.html").write_text(PAGE.format(**said), encoding="utf-8")
    return data


def test_media_of_a_page_with_alt_captions_and_transcripts(tmp_path):
    data, out = write_page(tmp_path), tmp_path / "out"
    report = prepare_media(data, out, workers=1)
    (document,) = read_documents(out)
    media = media_of(document)
    assert [(medium.type, medium.mime) for medium in media] == [
        ("image", "image/jpeg"),
        ("image", "image/png"),
        ("video", "video/mp4"),
        ("audio", "audio/mpeg"),
    ]
    figure, inline, video, audio = media
    assert figure.alt == "등대, 문의 <|phone|>"
    assert figure.caption == "등대지기 (<|email|>)"
    assert video.transcript == (
        {"text": "안녕하세요, 제 번호는 <|phone|>", "start": 1.5, "end": 3.0},
        {"text": " 입니다", "start": 60.0, "end": 62.5},
    )
    assert audio.alt == "인사"
    assert document.source == "site"
    assert document.meta["title"] == "섬 여행"
    assert "<|email|>" in document.text  # the caption stays in the text too
    assert "낡았습니다" not in document.text
    line = next(line for line in document.text.split("\n") if "<|image 2|>" in line)
    assert line.index("<|image 2|>") == inline.at - document.text.index(line)
    assert (out / figure.path).read_bytes() == unicodedata.normalize("NFC", "사진/a b.jpg").encode()
    told = "\n".join(report["bad"]["messages"])
    assert report["bad"]["count"] == 2, told
    assert "page.html: image https://example.com/far.jpg: not on this machine" in told
    assert "image ../../secret.jpg: lies outside of" in told
    assert report["counts"]["masked phone"] >= 1
    whole = prepare_media(data, tmp_path / "whole", core=False, workers=1)
    assert whole["counts"]["image"] == 4  # the two of menu and footer


def test_cleaning_keeps_the_markers_and_leaves_hashes_alone(tmp_path):
    data, out = write_page(tmp_path), tmp_path / "out"
    prepare_media(data, out, workers=1)
    words = ["corpus", "--data", str(out), "--out", str(tmp_path / "clean"), "--workers", "1"]
    assert clova(words) == 0
    (before,), (after,) = read_documents(out), read_documents(tmp_path / "clean")
    assert media_of(after) == [
        type(m)(**{**vars(m), "at": after.text.find(marker(m.type, n))})
        for n, m in enumerate(media_of(before), 1)
    ]
    assert all(medium.at >= 0 for medium in media_of(after))
    step = Privacy(PrivacySettings(), Context({}, True))
    for number in range(2_000):
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        for value in (digest, f"media/{digest[:2]}/{digest}.jpg"):
            assert step._masked(value, []) == value


def test_a_file_that_is_missing_or_was_changed_is_one_line_that_names_it(tmp_path, capsys):
    digest = write_file(tmp_path / "in" / "a.jpg", b"one")
    rows = [
        {"text": "가", "id": "x", "meta": {"media": [{"path": "a.jpg", "sha256": digest}]}},
        {"text": "나", "id": "y", "meta": {"media": [{"path": "a.jpg", "sha256": "0" * 64}]}},
        {"text": "다", "id": "z", "meta": {"media": [{"path": "gone.jpg"}, {"path": "a.jpg"}]}},
        {"text": "라", "id": "w", "meta": {"media": [{"path": "a.jpg", "at": 7}]}},
        {"text": "마", "id": "v", "meta": {"media": [{"path": "a.xyz"}]}},
        {"text": "바", "id": "u", "meta": {"media": "a.jpg"}},
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "in" / "a.jsonl").write_text(lines)
    words = ["media", "--data", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert clova([*words, "--workers", "1"]) == 0
    told = capsys.readouterr().err
    assert "y: image " in told
    assert f"a.jpg: its SHA-256 is {digest[:12]}…, the document says 000000000000…" in told
    assert "z: image gone.jpg: no such file below" in told
    assert "a.jsonl:4: medium 1: at is 7, the text has 1 characters" in told
    assert "a.jsonl:5: medium 1: type is ''; one of image, audio, video" in told
    assert "a.jsonl:6: meta.media is 'a.jpg'; expected a list" in told
    found = {document.id: document for document in read_documents(tmp_path / "out")}
    assert {name: document.text for name, document in found.items()} == {
        "x": "가<|image 1|>",
        "y": "나",
        "z": "다<|image 1|>",
    }
    check = ["media", "--check", str(tmp_path / "out")]
    assert clova(check) == 0
    assert "2 media are as they were kept" in capsys.readouterr().out
    (kept,) = (tmp_path / "out" / "media").rglob("*.jpg")
    kept.unlink()
    assert clova(check) == 2
    assert f"{digest}.jpg of x: missing" in capsys.readouterr().err
    kept.write_bytes(b"two")
    assert clova(check) == 2
    assert "of x: its SHA-256 is not the manifest's; damaged" in capsys.readouterr().err
    assert clova(["media"]) == 2
    assert "--data is required" in capsys.readouterr().err


def test_an_address_that_is_none_costs_its_medium_alone(tmp_path):
    rng, data = random.Random(0), tmp_path / "data"
    write_file(data / "good.png", b"good")
    for name, source in (("a", "http://[bad/x.png"), ("b", "good.png")):
        page = f"<html><body><article><p>{prose(rng)}</p><p>{prose(rng)} <img src='{source}'></p>"
        (data / f"{name}.html").write_text(f"{page}</article></body></html>", encoding="utf-8")
    media = [{"path": "//[bad/x.png", "type": "image"}, {"path": "good.png"}]
    row = {"text": "글", "id": "c", "meta": {"media": media}}
    (data / "c.jsonl").write_text(json.dumps(row))
    report = prepare_media(data, tmp_path / "out", workers=1)
    assert report["bad"]["count"] == 2, report["bad"]
    assert "image http://[bad/x.png: not an address" in "\n".join(report["bad"]["messages"])
    counts = [len(media_of(document)) for document in read_documents(tmp_path / "out")]
    assert sorted(counts) == [0, 1, 1]


def test_workers_and_a_stop_do_not_change_a_byte(tmp_path, monkeypatch):
    data = write_page(tmp_path)
    for name in "bcd":
        (data / f"{name}.jsonl").write_text(
            '{"text": "글", "meta": {"media": [{"path": "root.png"}]}}'
        )
    prepare_media(data, tmp_path / "one", workers=1)
    prepare_media(data, tmp_path / "two", workers=2)
    from clova_jax.corpus.media import prepare

    real, calls = prepare.write_jsonl, [0]

    def stumble(*args):
        calls[0] += 1
        if calls[0] == 3:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(prepare, "write_jsonl", stumble)
    with pytest.raises(KeyboardInterrupt):
        prepare_media(data, tmp_path / "cut", workers=1)
    with pytest.raises(ClovaError, match="not finished"):
        read_documents(tmp_path / "cut")
    prepare_media(data, tmp_path / "cut", workers=1)
    for other in ("two", "cut"):
        for path in (tmp_path / "one").rglob("*"):
            if path.is_file() and path.name != "run.json":
                assert (
                    path.read_bytes()
                    == (tmp_path / other / path.relative_to(tmp_path / "one")).read_bytes()
                )
    assert not (tmp_path / "cut" / "work").exists()
    assert read_json(tmp_path / "cut" / "report.json") == prepare_media(
        data, tmp_path / "cut", workers=1
    )


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("", []),
        ("첫 줄\n\n 둘째 줄 ", [{"text": "첫 줄"}, {"text": "둘째 줄"}]),
        ("WEBVTT\n\n말", [{"text": "말"}]),
        (
            "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>안녕</i>\r\n또\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\n\r\n",
            [{"text": "안녕 또", "start": 1.0, "end": 2.5}],
        ),
    ],
)
def test_transcripts_are_read_without_their_marks(text, cues):
    assert read_cues(text) == cues


@given(st.lists(st.text(st.sampled_from("가 0123456789-@.kr"), max_size=20), max_size=6))
def test_cues_are_masked_as_one_text(words):
    cues = [{"text": word, "start": float(number)} for number, word in enumerate(words)]
    masked = masked_cues(cues)
    starts = [cue["start"] for cue in masked]
    assert starts == sorted(starts)
    _, findings = privacy.mask("\n".join(words))
    said = "\n".join(cue["text"] for cue in masked)
    assert sum(said.count(f"<|{name}|>") for name in privacy.TYPES) == len(findings)
    if not findings:
        assert masked == [cue for cue in cues if cue["text"].strip()]
