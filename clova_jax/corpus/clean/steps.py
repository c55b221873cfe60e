"""Lists the steps of cleaning in the order in which they run; a new step is one more line."""

from clova_jax.corpus.clean.evaluation import Evaluation
from clova_jax.corpus.clean.extract import Extract
from clova_jax.corpus.clean.language import Language
from clova_jax.corpus.clean.length import Length
from clova_jax.corpus.clean.normalize import Normalize
from clova_jax.corpus.clean.prefix import Prefix
from clova_jax.corpus.clean.privacy.step import Privacy
from clova_jax.corpus.clean.quality import Quality
from clova_jax.corpus.clean.repetition import Repetition
from clova_jax.corpus.clean.spam import Spam
from clova_jax.corpus.clean.step import Step
from clova_jax.corpus.clean.title import Title
from clova_jax.corpus.clean.toxicity import Toxicity

STEPS: tuple[type[Step], ...] = (
    Extract,
    Normalize,
    Title,
    Length,
    Repetition,
    Language,
    Spam,
    Quality,
    Evaluation,  # before any step that changes words
    Toxicity,
    Privacy,
    Prefix,
)
STEP_NAMES = tuple(step.name for step in STEPS)
