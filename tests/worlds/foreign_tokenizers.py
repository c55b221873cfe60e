"""Tokenizers as other projects make them, small: what an import may meet."""

import json

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SENTENCES = [
    "마을 어귀에 느티나무 한 그루가 서 있었다.",
    "기차는 여섯 시에 떠나고, 우리는 손을 흔들었다!",
    "질문: 감자는 어디에서 자라나? 답: 밭에서 자란다",
    "긍정 부정 중립 (가) 나) 1 2 3 the train left at six, OK",
] * 4
SPECIAL = ["<s>", "</s>", "<unk>", "<pad>", "<mask>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def kogpt2_like() -> Tokenizer:
    """BPE of characters behind `▁`, `<unk>` for the rest, no bytes: line breaks are unknown."""
    backend = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=SPECIAL, show_progress=False)
    backend.train_from_iterator(SENTENCES, trainer)
    return backend


def unigram() -> Tokenizer:
    """SentencePiece's other model, with its normalisation."""
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
    )
    backend.train_from_iterator(SENTENCES, trainer)
    return backend


def word_piece() -> Tokenizer:
    """BERT's."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=special, show_progress=False)
    backend.train_from_iterator(SENTENCES, trainer)
    return backend


def byte_fallback() -> Tokenizer:
    """Llama 2's: BPE of characters, and a token for every byte of the others."""
    backend = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    backend.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    backend.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=["<unk>", "<s>", "</s>", *BYTES], show_progress=False
    )
    backend.train_from_iterator(SENTENCES, trainer)
    # Trained as special so that they come first; in use they are ordinary tokens.
    values = json.loads(backend.to_str())
    values["added_tokens"] = [t for t in values["added_tokens"] if t["content"] not in BYTES]
    return Tokenizer.from_str(json.dumps(values))


def byte_level(lines_join: bool = False) -> Tokenizer:
    """GPT-2's, or with the newer split that joins line breaks to the punctuation before them."""
    backend = Tokenizer(models.BPE())
    if lines_join:
        pattern = r"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        backend.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(pattern), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    else:
        backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    texts = [f"{a}\n\n{b}\n{a}.\n" for a in SENTENCES for b in SENTENCES]
    backend.train_from_iterator(texts, trainer)
    return backend


FOREIGN = {
    "kogpt2": kogpt2_like,
    "unigram": unigram,
    "word_piece": word_piece,
    "byte_fallback": byte_fallback,
    "byte_level": byte_level,
    "byte_level_lines": lambda: byte_level(lines_join=True),
}
