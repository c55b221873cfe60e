"""Makes the model of real text: cleaned documents, tokenizer, token store, and three trainings, each from the one before."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from clova_jax.corpus import count_fits, parse_forms, read_documents
from clova_jax.data import serialize
from clova_jax.model import read_config
from clova_jax.sample import write_sample
from clova_jax.tables.options import Inputs
from clova_jax.tables.real_text import clean_text, train_text_tokenizer
from clova_jax.tables.trained import train_for

SHARES = {"short": 0.3, "reviews": 0.45, "long": 0.25}  # of the minutes
REVIEWS = "reviews_movie"


def make_real_model(options: Any, forms: Sequence[str], weights: Mapping[str, float]) -> Inputs:
    """Makes what is missing in `options.out`; returns the data and the model of the long rows.

    Args:
        options: of `experiments.real_model`.
        forms: how documents are shown, as `--forms` takes them; those that fit no document are left out.
        weights: shares of the sources; those that the text lacks are left out.

    Raises:
        Stopped: a signal; the same call goes on there.
    """
    out = options.out
    data = options.data or write_sample(out / "sample", megabytes=10.0, seed=options.seed)
    documents = clean_text(data, out / "text", options.nsmc_reviews)
    tokenizer = train_text_tokenizer(documents, out / "tokenizer", options.kind, options.vocab_size)
    shares = _fitting(documents, parse_forms(forms))
    store = serialize(documents, tokenizer, out / "tokens", forms=shares)
    present = store.sources("train")
    words = tuple(f"{name}={share}" for name, share in weights.items() if name in present)
    seconds = {
        name: options.minutes and 60 * part * options.minutes for name, part in SHARES.items()
    }
    common = {
        "data": str(out / "tokens"),
        "seed": options.seed,
        "validate_every": 3_300,
        "checkpoint_every": 200,
        "keep_last": 2,
    }
    short = train_for(
        seconds["short"],
        options.tokens,
        tokenizer=out / "tokenizer",
        layers=options.layers,
        width=options.width,
        heads=options.width // 32,
        length=options.length,
        global_batch=options.batch,
        learning_rate=options.learning_rate,
        weights=words or ("natural",),
        out=out / "short",
        **common,
    )
    # A page of reviews begins at position 0 here, as the review of a question does; and four times as many steps a token.
    reviews = train_for(
        seconds["reviews"],
        options.review_tokens,
        from_=short.out / "model",
        length=max(1, options.length // 2),
        global_batch=max(1, options.batch // 2),
        learning_rate=options.learning_rate / 2,
        weights=(f"{REVIEWS}=1",) if REVIEWS in present else ("natural",),
        packing="segments",
        out=out / f"reviews-{short.total_tokens}",  # a longer first training begins another one
        **common,
    )
    long = train_for(
        seconds["long"],
        options.long_tokens,
        from_=reviews.out / "model",
        length=options.long_length,
        global_batch=max(1, options.batch * options.length // options.long_length),
        learning_rate=options.learning_rate / 4,
        weights=words or ("natural",),
        out=out / f"long-{short.total_tokens}-{reviews.total_tokens}",
        **common,
    )
    model = long.out / "model"
    return Inputs(data, (model,), (f"real ({read_config(model).num_params / 1e6:.1f}M)",))


def _fitting(documents: Path, shares: Mapping[str, float]) -> dict[str, float]:
    """Returns the forms that fit a document, with their shares."""
    counts = count_fits(read_documents(documents), shares).counts
    return {
        name: share
        for name, share in shares.items()
        if any(count["fit"] for count in counts[name].values())
    }
