"""Lists the files of the official evaluation sets and finds them in a folder."""

from pathlib import Path

from clova_jax.common.files import SUFFIXES

# The files that models are evaluated on, of the paper's tasks and related ones, by their official names.
KNOWN = (
    "nsmc/ratings_test.txt",
    "korquad/KorQuAD_v1.0_dev.json",
    "klue/ynat-v1.1/ynat-v1.1_dev.json",
    "klue/klue-sts-v1.1/klue-sts-v1.1_dev.json",
    "klue/klue-nli-v1.1/klue-nli-v1.1_dev.json",
    "klue/klue-ner-v1.1/klue-ner-v1.1_dev.tsv",
    "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.json",
    "klue/klue-mrc-v1.1/klue-mrc-v1.1_dev.partial.json",
    "klue/wos-v1.1/wos-v1.1_dev.json",
    "kornlu/KorSTS/sts-dev.tsv",
    "kornlu/KorSTS/sts-test.tsv",
    "kornlu/KorNLI/xnli.dev.ko.tsv",
    "kornlu/KorNLI/xnli.test.ko.tsv",
    "parallel/koen_dev.tsv",
    "parallel/koen_test.tsv",
    "query_modification/query_modification_dev.jsonl",
    "query_modification/query_modification_test.jsonl",
    "safety/korean-hate-speech/labeled/dev.tsv",
    "safety/korean-hate-speech/test.no_label.tsv",
    "safety/korean-hate-speech/news_title/dev.news_title.txt",
    "safety/korean-hate-speech/news_title/test.news_title.txt",
    "safety/korean_unsmile_dataset/unsmile_valid_v1.0.tsv",
    "safety/APEACH/test.csv",
    "dialogue/3i4k/fci_test.txt",
    "dialogue/paraKQC/paraKQC_v1.txt",
    "dialogue/sae4k/sae4k_v1.txt",
)


def known_files(data_dir: str | Path) -> list[Path]:
    """Finds the evaluation files in a folder laid out as the official data sets are, in order of `KNOWN`."""
    paths = (Path(data_dir) / (name + suffix) for name in KNOWN for suffix in SUFFIXES)
    return [path for path in paths if path.is_file()]
