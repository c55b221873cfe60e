"""A tokenizer that needs no training, and a small corpus."""

import hashlib
import json


class Bytes:
    """One token a byte; `<|endoftext|>` is the last id."""

    kind = "bytes"
    unknown = None

    def __init__(self, vocab_size=300):
        self.vocab_size = vocab_size
        self.end_of_text = vocab_size - 1
        self.fingerprint = hashlib.sha256(str(vocab_size).encode()).hexdigest()

    def encode_batch(self, texts):
        return [list(text.encode()) for text in texts]

    def save(self, folder):
        raise NotImplementedError  # this process is the only one that knows it

    def decode_bytes(self, ids):
        return bytes(token for token in ids if token < 256)


def write_corpus(folder, counts, length=40):
    """`counts` documents a source, of about `length` characters, each with its own number in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, count in counts.items():
        with (folder / f"{source}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(count):
                text = f"{source} {number} " + "가나다 " * (number % (length // 2))
                file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
    return folder


def content(folder):
    """Every file of a folder by its name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
