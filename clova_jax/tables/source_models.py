"""Trains the models of a study of corpus sources: one shape, one tokenizer and as many tokens on each corpus."""

from clova_jax.config import ModelConfig
from clova_jax.corpus import digest_inputs, document_files, read_documents
from clova_jax.data import serialize
from clova_jax.sample import write_sample
from clova_jax.tables.options import Inputs, SourceOptions
from clova_jax.tables.source_text import CORPORA, write_corpora
from clova_jax.tables.tokenizers import train_once
from clova_jax.tables.trained import Training, train_models
from clova_jax.train import PretrainOptions


def train_by_source(options: SourceOptions) -> Inputs:
    """Returns the data and the models `CORPUS-SEED`, which are trained here, or completed.

    A model's context is as long as what it was trained on: it knows no later positions, and prompts are cut to it.

    Raises:
        ClovaError: data without rated reviews; an `out` of other settings.
        Stopped: a signal ended a training; the same call goes on there.
    """
    data = options.data or write_sample(options.out / "sample", options.sample_megabytes)
    folders = write_corpora(
        data,
        options.out / "corpora",
        megabytes=options.megabytes,
        kilobytes=options.kilobytes,
        seed=options.seed,
    )
    tokenizer = train_once(
        options.out / "tokenizer",
        (document.text for document in read_documents(folders["all"])),
        "morpheme_byte",
        options.vocab_size,
        "tokenizer",
        digest_inputs(document_files(folders["all"])),
    )
    stores = {name: options.out / "tokens" / name for name in CORPORA}
    for name, store in stores.items():
        serialize(folders[name], tokenizer, store, validation=0)
    shape = ModelConfig(
        options.layers, options.width, options.heads, tokenizer.vocab_size, options.length
    )
    trainings = [
        Training(
            f"{name}-{seed}",
            PretrainOptions(
                data=str(stores[name]),
                tokenizer=options.out / "tokenizer",
                tokens=options.tokens,
                global_batch=options.global_batch,
                length=options.length,
                learning_rate=options.learning_rate,
                validate_every=0,
                seed=options.seed + seed,
                out=options.out / "models" / f"{name}-{seed}",
            ),
            shape,
        )
        for seed in range(options.seeds)
        for name in CORPORA
    ]
    return Inputs(data, train_models(trainings), [training.name for training in trainings])
