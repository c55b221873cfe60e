"""Defines the options of `clova pretrain`."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clova_jax.common.errors import ClovaError
from clova_jax.common.options import check_numbers, mesh_option, option, seed_option
from clova_jax.config import SIZES, ModelConfig, peak_learning_rate
from clova_jax.corpus import FORMS_HELP, parse_forms
from clova_jax.train.batch_schedule import BatchSchedule

DEFAULT_SIZE = "mini"
GPT3_WARMUP_TOKENS = 375_000_000  # GPT-3 default, the paper is silent
WARMUP_SHARE = 0.03  # at most, where the budget is small

ALERT_URL = "CLOVA_ALERT_URL"  # the environment variable that gives the webhook's address

_STEPS = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
_WEB = re.compile(r"https?://[^/\s]+")


@dataclass(frozen=True)
class PretrainOptions:
    """Trains a language model on documents or on a token store.

    AdamW, weight decay but not on biases and norms, clip 1.0, linear warm-up, cosine to a tenth of the
    peak, one optax chain (paper, section 3.2; GPT-3 where it is silent). The same command resumes the
    run; with more --steps or --tokens it trains a finished one further, along the longer cosine.
    """

    data: str
    """a token store (a folder or a URL such as gs://…), or a folder of documents"""
    tokenizer: Path | str | None = None
    """a tokenizer folder, as `clova tokenizer` writes it, or its URL; needed without --from"""
    size: str | None = option(None, help=f"one of {', '.join(SIZES)} (default: {DEFAULT_SIZE})")
    layers: int | None = option(None, least=1)
    """Transformer blocks, in place of the size's"""
    width: int | None = option(None, least=1)
    """numbers a token is embedded in (GPT-3's d_model), in place of the size's"""
    heads: int | None = option(None, least=1)
    """attention heads, which divide the width, in place of the size's"""
    from_: Path | str | None = option(None, metavar="MODEL")
    """a model directory, its URL, or a name on the Hugging Face Hub (ORG/NAME[@REVISION]), to train further:
    its weights, shape and tokenizer; optimizer and schedule begin anew"""
    steps: int | None = option(None, least=1)
    """training steps; or give --tokens"""
    tokens: int | None = option(None, least=1)
    """training tokens, for example 1e9; or give --steps"""
    global_batch: int = option(16, least=1)
    """sequences a step, over all devices (the paper: 1024)"""
    length: int = option(512, least=1)
    """tokens a sequence (GPT-3: 2048)"""
    mesh: tuple[int, ...] = mesh_option()
    microbatches: int | None = option(None, least=1)
    """microbatches per data shard (gradient accumulation); by default 1, with a pipeline up to
    four per stage, as --ramp-tokens allows"""
    schedule: str = "gpipe"
    """pipeline schedule: gpipe; circular (as many repeats as layers allow); circular:REPEATS"""
    fsdp: bool = False
    """also split parameters and optimizer state over the data axis"""
    remat: Literal["none", "dots", "full", "stage"] = "none"
    """activation recomputation. none: keep all; dots: keep matrix products; full: recompute each
    layer; stage: recompute each pipeline stage, and each layer in it"""
    learning_rate: float | None = option(None, above=0)
    """the peak; by default that of the paper's Table 2 for the size, for a shape of your own between
    its neighbours'"""
    weight_decay: float = option(0.1, least=0)
    """of AdamW (GPT-3)"""
    betas: tuple[float, ...] = option((0.9, 0.95), metavar="B1,B2", count=2, least=0, below=1)
    """of AdamW (GPT-3)"""
    dtype: Literal["float32", "bfloat16"] | None = None
    """of the computation; parameters and optimizer stay float32 (default: float32 on CPUs, bfloat16 on
    accelerators)"""
    reduce_dtype: Literal["float32", "bfloat16"] | None = None
    """type in which gradients are summed over devices, float32 or bfloat16 (default: that of the computation,
    float32 where more than 64 devices add up)"""
    attention: Literal["auto", "plain", "cudnn", "triton", "splash"] = "auto"
    """how attention is computed. auto: cudnn or triton on NVIDIA GPUs, splash on TPUs, where they fit;
    plain: with its weights in memory"""
    warmup_tokens: int | None = option(None, least=0)
    """tokens of linear warm-up; by default 375M (GPT-3), or 3% of the budget if that is less"""
    ramp_tokens: int = option(0, least=0)
    """grow the batch from an eighth to its full size over these tokens"""
    packing: Literal["concatenate", "segments"] = "concatenate"
    """concatenate: attention crosses document ends, as in GPT-3; segments: it stays inside a
    document"""
    weights: tuple[str, ...] = ("natural",)
    """mixture of the sources. natural: by size; table1: the paper's shares of the kinds; or
    source=weight …"""
    sources: Path | None = None
    """JSON registry of your sources: name to kind and tier"""
    forms: tuple[str, ...] = option((), help=FORMS_HELP, metavar="NAME[=SHARE]")
    max_epochs: float | None = option(None, above=0)
    """no source is repeated more often than this"""
    validate_every: int = option(500, least=0)
    """steps between validations; 0: only at the end"""
    checkpoint_every: int = option(500, least=1)
    """steps between checkpoints"""
    keep_last: int = option(3, least=1)
    """how many checkpoints to keep"""
    keep_every: int = option(0, least=0)
    """also keep each checkpoint whose step divides by this; 0: none"""
    milestones: tuple[float, ...] = option((), above=0)
    """numbers of tokens after which to keep a model directory; several are possible"""
    seed: int = seed_option()
    """seed of the initial parameters and of the order of the data"""
    tensorboard: bool = False
    """also write event files for TensorBoard"""
    wandb: bool = False
    """also log to Weights & Biases"""
    wandb_project: str = "clova_jax"
    """the Weights & Biases project"""
    profile: str | None = option(None, metavar="STEPS")
    """write a trace of one step or of FIRST-LAST to <out>/profile, for TensorBoard, XProf or Perfetto"""
    alert_url: str | None = option(None, metavar="URL", secret=True)
    """a webhook that is posted JSON when the loss spikes, or the training stalls or fails (default:
    CLOVA_ALERT_URL); its address is written to no file"""
    stall_timeout: float = option(1800.0, least=0)
    """seconds without a step after which the process ends with status 75, to be started again; 0: never"""
    coordinator: str | None = option(None, metavar="HOST:PORT")
    """where process 0 of several is found; needed where no launcher says it (docs/how-to/cluster.md)"""
    num_processes: int | None = option(None, least=1)
    """how many processes train together; goes with --coordinator"""
    process_id: int | None = option(None, least=0)
    """which of them this one is, from 0; goes with --coordinator"""
    remote: str | None = option(None, metavar="URL")
    """a folder on an object store (gs://…, s3://…) where checkpoints, metrics and the model go in place of
    --out, which then only keeps this machine's files"""
    workers: int | None = option(None, least=1)
    """processes that serialise documents; by default one a CPU, one for a small corpus"""
    out: Path = Path("runs/pretrain")
    """where checkpoints, metrics and the model go"""

    def __post_init__(self) -> None:
        if self.size is not None and self.size not in SIZES:
            raise ClovaError(f"--size: {self.size!r} is not one of {', '.join(SIZES)}")
        if (self.steps is None) == (self.tokens is None):
            raise ClovaError("give one of --steps and --tokens")
        check_numbers(self)
        self._check_places()
        parse_forms(self.forms)
        if self.from_ is None and self.tokenizer is None:
            raise ClovaError("--tokenizer is required: a tokenizer folder (try --help)")
        if self.from_ is not None:
            for flag in ("tokenizer", "size", "layers", "width", "heads"):
                if getattr(self, flag) is not None:
                    raise ClovaError(
                        f"--{flag}: with --from it is that of {self.from_}; leave it out"
                    )

    def _check_places(self) -> None:
        if self.profile is not None:
            parse_steps(self.profile)
        if self.alert_url is not None and not _WEB.match(self.alert_url):
            raise ClovaError(f"--alert-url: {self.alert_url!r} is not an http or https address")
        if self.webhook is not None and not _WEB.match(self.webhook):
            raise ClovaError(
                f"the environment variable {ALERT_URL}: not an http or https address; correct or unset it"
            )
        if self.remote is not None and "://" not in self.remote:
            raise ClovaError(
                f"--remote: {self.remote!r} is no URL; give gs://… or s3://…, or --out"
            )

    @property
    def home(self) -> str | Path:
        """Returns where checkpoints, models and tokens go: the URL of --remote, or else --out."""
        return self.remote or self.out

    @property
    def webhook(self) -> str | None:
        """Returns where alerts are posted: --alert-url, or else what the environment's CLOVA_ALERT_URL says."""
        return self.alert_url or os.environ.get(ALERT_URL) or None

    @property
    def total_tokens(self) -> int:
        """Returns the budget, in target tokens."""
        if self.tokens is not None:
            return self.tokens
        return self.steps * self.global_batch * self.length

    @property
    def size_name(self) -> str | None:
        """Returns the size whose shape the model has, or begins with; None with --from."""
        return None if self.from_ else self.size or DEFAULT_SIZE

    @property
    def warmup(self) -> int:
        """Returns the length of the warm-up, in tokens."""
        if self.warmup_tokens is not None:
            return self.warmup_tokens
        return min(GPT3_WARMUP_TOKENS, int(WARMUP_SHARE * self.total_tokens))

    @property
    def batch_schedule(self) -> BatchSchedule:
        """Returns how many sequences each step takes."""
        return BatchSchedule(self.global_batch, self.length, self.ramp_tokens)

    @property
    def microbatches_per_shard(self) -> int:
        """Returns the number of microbatches of a data shard.

        By default 1; with a pipeline up to four per stage, as many as divide the sequences of every step.
        """
        stages = self.mesh[1]
        if self.microbatches is not None:
            return self.microbatches
        if stages == 1:
            return 1
        rows = max(1, self.batch_schedule.sizes[0] // self.mesh[0])
        fit = [n for n in range(1, 4 * stages + 1) if rows % n == 0]
        return max(fit, key=lambda n: (n % stages == 0, n))

    def model_config(self, vocab_size: int) -> ModelConfig:
        """Returns the shape with the tokenizer's vocabulary: the size's, with what --layers, --width and --heads say.

        Raises:
            ClovaError: heads that do not divide the width.
        """
        size = SIZES[self.size or DEFAULT_SIZE]
        width, heads = self.width or size.embed_dim, self.heads or size.num_heads
        if width % heads:
            raise ClovaError(f"--heads: {heads} do not divide a width of {width:,}; give both")
        return ModelConfig(self.layers or size.num_layers, width, heads, vocab_size)

    def peak_learning_rate(self, config: ModelConfig) -> float:
        """Returns the given peak, or that of the shape (`config.peak_learning_rate`)."""
        return self.learning_rate or peak_learning_rate(config)


def parse_steps(text: str) -> tuple[int, int]:
    """Reads `12` or `10-12`: the first and the last step.

    Raises:
        ClovaError: it is neither, the first is 0, or the last is before the first.
    """
    found = _STEPS.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last:
        raise ClovaError(f"--profile: {text!r} is not a step such as 12, or FIRST-LAST as in 10-12")
    return first, last
