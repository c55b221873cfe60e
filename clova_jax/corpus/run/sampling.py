"""Draws a random part of a corpus, as the paper does for its pre-training text (section 3.1)."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import as_line, read_json, write_json, write_jsonl
from clova_jax.corpus.documents import Document, document_files, read_documents
from clova_jax.corpus.places import describe_inputs


def sample_documents(
    documents: Iterable[Document], share: float, seed: int = 0
) -> Iterator[Document]:
    """Yields about `share` of the documents, each kept or not by a hash of its id, its text and the seed.

    The choice for one document does not depend on the others, so a larger share holds a smaller one.
    """
    limit = int(share * 2**64)
    for document in documents:
        named = hashlib.blake2b(f"{seed}\n{document.id}\n".encode(), digest_size=8)
        named.update(document.text.encode())  # ids may be missing, or all the same
        if int.from_bytes(named.digest()) < limit:
            yield document


def write_sample_of(
    data_dir: str | Path, out: str | Path, megabytes: float, seed: int = 0
) -> dict[str, float]:
    """Writes about `megabytes` of a corpus to `<out>/00000.jsonl.zst` and on, a file a source; a second call with the same arguments returns the first result.

    Args:
        data_dir: a corpus folder.
        out: where the files go.
        megabytes: of text, 10⁶ bytes of UTF-8 each; all of it where the corpus is smaller.
        seed: of the choice.

    Returns:
        `documents`, `bytes` and the `share` of the corpus that was kept.
    """
    out = Path(out)
    files = document_files(data_dir, without=out)
    inputs = hashlib.sha256(as_line(describe_inputs(files)).encode()).hexdigest()
    asked = {"megabytes": megabytes, "seed": seed, "data": str(Path(data_dir).absolute())}
    asked |= {"inputs": inputs}
    if (out / "sample.json").exists():
        done = read_json(out / "sample.json")
        if done["asked"] != asked:
            raise ClovaError(
                f"{out}: holds another sample ({done['asked']}); remove it, or give another --out"
            )
        return done["made"]
    total = sum(len(document.text.encode()) for document in read_documents(data_dir, without=out))
    share = min(1.0, megabytes * 1e6 / max(total, 1))
    by_source: dict[str, list[Document]] = {}
    for document in sample_documents(read_documents(data_dir, without=out), share, seed):
        by_source.setdefault(document.source, []).append(document)
    made = {
        "documents": sum(map(len, by_source.values())),
        "bytes": sum(len(d.text.encode()) for kept in by_source.values() for d in kept),
        "share": share,
    }
    # By number: what a document says its source is may be no name of a file.
    for number, (_, kept) in enumerate(sorted(by_source.items())):
        rows = ({"id": d.id, "text": d.text, "source": d.source} for d in kept)
        write_jsonl(out / f"{number:05d}.jsonl.zst", rows)
    write_json(out / "sample.json", {"asked": asked, "made": made})
    return made
