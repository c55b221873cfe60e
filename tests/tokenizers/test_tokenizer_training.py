"""What training learns, and what it refuses."""

import gc
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.tokenizers import KINDS, base, load_tokenizer, train_tokenizer
from clova_jax.tokenizers.base import unpack
from clova_jax.tokenizers.count import count_words, feed, thin
from clova_jax.tokenizers.memo import Memo
from clova_jax.tokenizers.morphemes import Morphemes
from clova_jax.tokenizers.words import split_words


def merge_bytes(words: Counter, merges: int) -> list[bytes]:
    """Byte pair encoding as first published: the plain loop, for a reference."""
    split = {word: [bytes([b]) for b in word.encode()] for word in words}
    made = []
    for _ in range(merges):
        pairs: Counter = Counter()
        for word, parts in split.items():
            for pair in pairwise(parts):
                pairs[pair] += words[word]
        best = max(pairs.values())
        (pair,) = [pair for pair, count in pairs.items() if count == best]  # the text has no ties
        made.append(b"".join(pair))
        for word, parts in split.items():
            merged, i = [], 0
            while i < len(parts):
                if tuple(parts[i : i + 2]) == pair:
                    merged.append(parts[i] + parts[i + 1])
                    i += 2
                else:
                    merged.append(parts[i])
                    i += 1
            split[word] = merged
    return made


def test_merges_are_those_of_the_plain_loop():
    text = " abab" * 13 + " abc" * 8 + " xyz" * 5 + " xyw" * 2
    tokenizer = train_tokenizer([text], "byte", 257 + 4)
    assert tokenizer.token_bytes()[257:] == merge_bytes(Counter(split_words(text)), 4)


def test_no_token_crosses_a_morpheme(trained):
    tokens = [token.decode("utf-8", "replace") for token in trained["morpheme_byte"].token_bytes()]
    assert "영화" in tokens or " 영화" in tokens
    assert not [token for token in tokens if "영화를" in token]
    spelled = [
        trained["morpheme_byte"].decode([i]) for i in trained["morpheme_byte"].encode("영화를")
    ]
    assert spelled[-1] == "를"


def test_sentence_analysis_uses_the_context(texts):
    thorn = [" 가시", "는"]  # alone, as likely the polite form of "go"
    assert dict(Morphemes().cut_words([" 가시는"])) == {" 가시는": [" 가", "시", "는"]}
    rows = list(Morphemes().cut_texts(["장미의 가시는 따갑다", "이 길을 따라 가시는 분"]))
    assert rows[0][2:4] == thorn
    assert rows[1][-4:-1] == [" 가", "시", "는"]
    tokenizer = train_tokenizer(texts, "morpheme_byte", 400, analysis="sentence")
    expected = unpack(b"".join(tokenizer._encode_words(rows[0])))
    assert tokenizer.encode("장미의 가시는 따갑다") == expected
    assert tokenizer.encode("장미의 가시는 따갑다") == expected


@pytest.mark.parametrize("kind", ["byte", "morpheme_byte"])
def test_korean_only_leaves_other_letters_single(kind, texts):
    tokenizer = train_tokenizer(texts, kind, 420, korean_only=True)
    assert tokenizer.facts["pieces_left_out"] > 0
    assert len(tokenizer.encode("print")) == 5
    assert len(tokenizer.encode("大韓")) == 6
    assert len(tokenizer.encode("영화")) < 6
    assert tokenizer.decode(tokenizer.encode("print 大韓 영화")) == "print 大韓 영화"


def test_char_reports_what_it_never_saw(trained):
    tokenizer = trained["char"]
    assert tokenizer.unknown in tokenizer.encode("궯")
    assert tokenizer.decode(tokenizer.encode("영화 궯 영화")) == "영화 \ufffd 영화"


def test_eojeol_and_character_keep_the_most_frequent():
    text = "가나 가나 가나 다라 다라 마바"
    eojeols = train_tokenizer([text], "eojeol", 4).token_bytes()[2:]
    assert [eojeol.decode() for eojeol in eojeols] == [" 가나", " 다라"]
    characters = train_tokenizer([text], "character", 5).token_bytes()[2:]
    assert [c.decode() for c in characters] == [" ", "가", "나"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_is_refused(kind):
    for nothing in ([], [""], iter(())):
        with pytest.raises(ClovaError, match="empty"):
            train_tokenizer(nothing, kind, 400)
    with pytest.raises(ClovaError, match="lone surrogate"):
        train_tokenizer(["앞 \udc00"], kind, 400)
    with pytest.raises(ClovaError, match="not one text"):
        train_tokenizer("하나의 글", kind, 400)


@pytest.mark.parametrize(("kind", "size"), [("byte", 256), ("morpheme_byte", 256), ("char", 20)])
def test_a_vocabulary_smaller_than_the_alphabet_is_refused(kind, size, texts):
    with pytest.raises(ClovaError, match=f"vocab_size {size} is smaller than the alphabet"):
        train_tokenizer(texts, kind, size)


def test_unknown_kinds_and_options_are_refused(texts):
    with pytest.raises(ClovaError, match="no tokenizer kind 'bpe'"):
        train_tokenizer(texts, "bpe")
    with pytest.raises(ClovaError, match="no option 'analysis'"):
        train_tokenizer(texts, "byte", analysis="eojeol")
    with pytest.raises(ClovaError, match="neither"):
        train_tokenizer(texts, "morpheme_byte", analysis="morpheme")


def test_counting_stays_within_its_bound_and_says_what_it_forgot():
    texts = [f"자주 자주 낱말{number}" for number in range(2_000)]
    counts = count_words(texts, most_kinds=500)
    assert len(counts.words) <= 500
    assert counts.words["자주"] == 2_000
    assert counts.words.total() + counts.forgotten == 6_000
    assert counts.facts()["words_forgotten"] == counts.forgotten > 0


def test_feeding_keeps_proportions_when_there_is_too_much():
    pieces = Counter({"a": 1_000, "b": 100, "c": 1})
    assert Counter(piece for some in feed(pieces) for piece in some) == pieces
    scaled = Counter(piece for some in feed(pieces, most=120) for piece in some)
    assert scaled == {"a": 100, "b": 10}


def test_the_memo_is_bounded_and_keeps_what_is_asked_for():
    memo: Memo = Memo(size=400)
    for number in range(100):
        known = memo.young
        unseen = {word for word in ("frequent", f"rare{number:04}") if word not in known}
        memo.learn(known, unseen, lambda words: [(word, (len(word),)) for word in words])
        assert known["frequent"] == (8,)
        assert len(memo) <= 2 * 400 / 16
    assert "rare0000" not in memo.young


def test_what_a_memo_keeps_stays():
    memo: Memo = Memo(size=40, kept={"kept": 1})
    for number in range(10):
        memo.learn(memo.young, {f"rare{number}"}, lambda words: [(word, 0) for word in words])
        assert memo.young["kept"] == 1
    assert len(memo) < 8


def test_ids_are_right_when_the_memo_turns_over(trained, texts):
    tokenizer = trained["byte"]
    expected = tokenizer.encode_batch(texts)
    small = tokenizer.__class__(tokenizer._backend, tokenizer.options)
    small._memo.size = 100
    assert [small.encode(text) for text in texts] == expected
    assert len(small._memo) < 100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [100, 2_000, 1 << 20])
def test_ids_are_right_when_chunks_overlap(trained, kind, size, texts, monkeypatch, tmp_path):
    expected = [trained[kind].encode(text) for text in texts]
    monkeypatch.setattr(base, "CHUNK", 150)
    trained[kind].save(tmp_path)
    fresh = load_tokenizer(tmp_path)
    fresh._memo.size = size
    if kind == "morpheme_byte":  # no saved cuts: the analyser has work in every chunk
        fresh._morphemes = Morphemes()
        fresh._morphemes._memo.size = fresh._pre_token_memo.size = size
    assert fresh.encode_batch(texts) == expected
    with pytest.raises(ClovaError, match="lone surrogate"):
        fresh.encode_batch([*texts[:8], "새 낱말 \udc00", "또 다른 낱말"])
    assert fresh.encode_batch(texts) == expected


@pytest.mark.parametrize("kind", ["byte", "morpheme_byte"])
def test_threads_share_a_tokenizer(trained, kind, texts, monkeypatch, tmp_path):
    expected = trained[kind].encode_batch(texts)
    monkeypatch.setattr(base, "CHUNK", 150)
    trained[kind].save(tmp_path)
    shared = load_tokenizer(tmp_path)
    shared._memo.size = 1_000
    turn = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            rows = list(pool.map(shared.encode_batch, [texts] * 16))
    finally:
        sys.setswitchinterval(turn)
    assert rows == [expected] * 16
    assert gc.isenabled()


def test_words_over_the_limit_are_not_kept(trained, tmp_path):
    trained["byte"].save(tmp_path)
    fresh = load_tokenizer(tmp_path)
    fresh.encode("가" * 10_000 + " " + "나\n" * 10_000)
    assert max(map(len, fresh._memo.young)) <= 101


def test_rare_words_are_sampled_and_their_weight_kept():
    words = Counter({f"w{n}": 1 for n in range(1_000)}) + Counter({"often": 7, "twice": 2})
    assert thin(words, 2_000) == words
    thinned = thin(words, 252)
    assert len(thinned) <= 252
    assert (thinned["often"], thinned["twice"]) == (7, 2)
    assert abs(thinned.total() - words.total()) < 10
