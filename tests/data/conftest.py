"""A tokenizer that needs no training, and a small corpus."""

import hashlib
import json

import pytest


class Bytes:
    """One token a byte; `<|endoftext|>` is the last id."""

    kind = "bytes"

    def __init__(self, vocab_size=300):
        self.vocab_size = vocab_size
        self.end_of_text = vocab_size - 1
        self.fingerprint = hashlib.sha256(str(vocab_size).encode()).hexdigest()

    def encode_batch(self, texts):
        return [list(text.encode()) for text in texts]

    def decode_bytes(self, ids):
        return bytes(token for token in ids if token < 256)


@pytest.fixture
def tokenizer():
    return Bytes()


def write_corpus(folder, counts, length=40):
    """`counts` documents a source, of about `length` characters, each with its own number in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, count in counts.items():
        with (folder / f"{source}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(count):
                text = f"{source} {number} " + "가나다 " * (number % (length // 2))
                file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    return folder


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus", {"blog": 300, "news": 120, "law": 4})
