"""Defines the bodies of requests: OpenAI's completions, CLOVA Studio's, and our own; unknown fields are refused."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from clova_jax.inference import MOST_BIASES
from clova_jax.language_model import GRADIENT_ROWS
from clova_jax.studio.settings import LONGEST_REQUESTS

MOST_STOPS, LONGEST_STOP = 16, 200


class Body(BaseModel):
    """A body in which every field is known and of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _is_ids(value: Any) -> bool:
    return isinstance(value, list) and all(type(one) is int for one in value)


def _halved(text: str) -> bool:
    """Returns True for a text with half a surrogate pair, which JSON can hold and UTF-8 cannot."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _prompts(value: Any) -> Any:
    """Returns a list of prompts, each a text or a list of ids."""
    if isinstance(value, str) or (_is_ids(value) and value):
        return [value]
    if isinstance(value, list) and value:
        if len(value) > LONGEST_REQUESTS:
            raise ValueError(f"wants {LONGEST_REQUESTS} prompts at most, not {len(value)}")
        if all(isinstance(one, str) for one in value) or all(one and _is_ids(one) for one in value):
            return value
    raise ValueError("wants a text, a list of texts, a list of ids or a list of lists of ids")


def _stops(value: Any) -> Any:
    value = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("wants a text or a list of texts")
    if len(value) > MOST_STOPS:
        raise ValueError(f"wants {MOST_STOPS} texts at most")
    if not all(0 < len(one) <= LONGEST_STOP for one in value):
        raise ValueError(f"wants texts of 1 to {LONGEST_STOP} characters")
    if any(map(_halved, value)):
        raise ValueError("holds half a surrogate pair, which no text can end at")
    return value


def _bias(value: Any) -> Any:
    if not isinstance(value, dict) or len(value) > MOST_BIASES:
        raise ValueError(f"wants an object of at most {MOST_BIASES} token ids")
    found = {}
    for token, bias in value.items():
        if not (isinstance(token, str) and token.isascii() and token.isdigit()) or len(token) > 9:
            raise ValueError(f"{token[:20]!r} is no token id")
        if isinstance(bias, bool) or not isinstance(bias, int | float) or not -100 <= bias <= 100:
            raise ValueError("wants numbers from -100 to 100")
        found[int(token)] = float(bias)
    return found


_IDS = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
_TEXT = {"type": "string"}
_PROMPTS: dict[str, Any] = {
    "anyOf": [
        _TEXT,
        {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": LONGEST_REQUESTS},
        _IDS,
        {"type": "array", "items": _IDS, "minItems": 1, "maxItems": LONGEST_REQUESTS},
    ]
}
_STOP = {"type": "string", "minLength": 1, "maxLength": LONGEST_STOP}
_STOPS = {"anyOf": [_STOP, {"type": "array", "items": _STOP, "maxItems": MOST_STOPS}]}
_BIAS = {
    "type": "object",
    "propertyNames": {"pattern": "^[0-9]{1,9}$"},
    "additionalProperties": {"type": "number", "minimum": -100, "maximum": 100},
    "maxProperties": MOST_BIASES,
}
Prompts = Annotated[list[Any], BeforeValidator(_prompts), WithJsonSchema(_PROMPTS)]
Stops = Annotated[list[str], BeforeValidator(_stops), WithJsonSchema(_STOPS)]
Bias = Annotated[dict[int, float], BeforeValidator(_bias), WithJsonSchema(_BIAS)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


def _plain(text: str) -> str:
    """Checks that a text can be kept: PostgreSQL takes no NUL, UTF-8 no half of a surrogate pair."""
    if "\0" in text or _halved(text):
        raise ValueError("holds a NUL or half a surrogate pair, which no text has")
    return text


Plain = Annotated[str, AfterValidator(_plain)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9가-힣_][A-Za-z0-9가-힣._-]{0,99}$")]
VARIABLE = r"^[^\W\d]\w*$"
"""Matches names that a template can ask for, as `retrieve.fill` does."""
Variables = Annotated[dict[Annotated[str, Field(max_length=100)], Plain], Field(max_length=100)]
Policy = dict[Literal["personal", "curse", "unsafe"], Literal["flag", "mask", "block"]]
Minute = Annotated[int, Field(ge=1, le=2**31 - 1)]


class StreamOptions(Body):
    """Says what a stream has beside its text."""

    include_usage: bool = False


NEEDED = frozenset({"prompt", "messages"})


def _nullable(schema: dict[str, Any]) -> None:
    """Lets every field but what is needed be null in a schema."""
    for name, field in schema["properties"].items():
        if name not in NEEDED:
            schema["properties"][name] = {"anyOf": [field, {"type": "null"}]}


class Parameters(Body):
    """Says how texts are written; ranges and defaults are OpenAI's, of the three in the middle vLLM's."""

    max_tokens: int = Field(16, ge=0, le=2**31 - 1)
    temperature: Finite = Field(1.0, ge=0, le=2)
    top_p: Finite = Field(1.0, ge=0, le=1)
    top_k: int = Field(0, ge=-1, le=2**31 - 1)
    min_p: Finite = Field(0.0, ge=0, le=1)
    repetition_penalty: Finite = Field(1.0, gt=0, le=100)
    presence_penalty: Finite = Field(0.0, ge=-2, le=2)
    frequency_penalty: Finite = Field(0.0, ge=-2, le=2)
    stop: Stops = []
    seed: int | None = Field(None, ge=-(2**63), le=2**63 - 1)


class CompletionBody(Parameters):
    """A request of `/v1/completions`; fields are OpenAI's, vLLM's `return_tokens_as_token_ids`, and an app's `variables`.

    A null stands for the default, as clients send it for what their caller left out.
    """

    model_config = ConfigDict(json_schema_extra=_nullable)

    model: str | None = None
    prompt: Prompts
    n: int = Field(1, ge=1, le=LONGEST_REQUESTS)
    best_of: int | None = Field(None, ge=1, le=LONGEST_REQUESTS)
    logit_bias: Bias = {}
    logprobs: int | None = Field(None, ge=0, le=5)
    echo: bool = False
    stream: bool = False
    stream_options: StreamOptions | None = None
    return_tokens_as_token_ids: bool = False
    variables: Variables | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: Any) -> Any:
        return _given(cls, values)


def _is_text(part: Any) -> bool:
    """Returns True for a part of a message that is a text, and nothing besides."""
    known = isinstance(part, dict) and part.keys() == {"type", "text"} and part["type"] == "text"
    return known and isinstance(part["text"], str)


def _contents(value: Any) -> Any:
    """Returns a message's text, which OpenAI's clients may send in parts."""
    if isinstance(value, list) and all(map(_is_text, value)):
        value = "".join(one["text"] for one in value)
    if not isinstance(value, str):
        raise ValueError("wants a text, or a list of parts of the type text")
    return value


_PART = {
    "type": "object",
    "required": ["type", "text"],
    "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
    "additionalProperties": False,
}
_CONTENT = {"anyOf": [{"type": "string"}, {"type": "array", "items": _PART}]}
Content = Annotated[str, BeforeValidator(_contents), WithJsonSchema(_CONTENT)]
MOST_MESSAGES = 1_000


class MessageBody(Body):
    """A message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: Content


class ChatBody(Parameters):
    """A request of `/v1/chat/completions`; fields are OpenAI's.

    A null stands for the default, as clients send it for what their caller left out.
    """

    model_config = ConfigDict(json_schema_extra=_nullable)

    model: str | None = None
    messages: Annotated[list[MessageBody], Field(min_length=1, max_length=MOST_MESSAGES)]
    max_tokens: int = Field(256, ge=1, le=2**31 - 1)
    max_completion_tokens: int | None = Field(None, ge=1, le=2**31 - 1)
    n: int = Field(1, ge=1, le=LONGEST_REQUESTS)
    logit_bias: Bias = {}
    stream: bool = False
    stream_options: StreamOptions | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: Any) -> Any:
        return _given(cls, values)


def _given(body: type[BaseModel], values: Any) -> Any:
    """Returns a body without nulls, but in what it cannot do without."""
    if not isinstance(values, dict):
        return values
    known = body.model_fields.keys() - NEEDED
    return {k: v for k, v in values.items() if v is not None or k not in known}


class ClovaBody(Body):
    """A request of `/v1/completions/{model}`, in CLOVA Studio's shape."""

    text: str
    start: str = ""
    restart: str = ""
    stopBefore: Stops = []
    maxTokens: int = Field(32, ge=0, le=2048)
    temperature: Finite = Field(0.5, ge=0, le=1)
    topP: Finite = Field(0.8, ge=0, le=1)
    topK: int = Field(0, ge=0, le=128)
    repeatPenalty: Finite = Field(5.0, ge=0, le=10)
    includeTokens: bool = False
    includeProbs: bool = False
    includeAiFilters: bool = True
    seed: int = Field(0, ge=0, le=2**32 - 1)


class TokenizeBody(Body):
    """A request of `/tokenize`, in vLLM's shape."""

    model: str | None = None
    prompt: Annotated[str, Field(max_length=1 << 18)]  # documents longer than the context, too
    add_special_tokens: bool = True
    return_token_strs: bool | None = False


class DetokenizeBody(Body):
    """A request of `/detokenize`, in vLLM's shape."""

    model: str | None = None
    tokens: Annotated[list[int], Field(max_length=1 << 20)]


class Array(Body):
    """An array of float32, little endian, in C order."""

    shape: list[Annotated[int, Field(ge=0, le=2**31)]]
    data: str
    dtype: Literal["float32"] = "float32"


Rows = Annotated[list[list[int]], Field(min_length=1, max_length=GRADIENT_ROWS)]


class GradientsBody(Body):
    """A request of `/v1/input_gradients`; the fields are those of `LanguageModel.input_gradients`."""

    model: str | None = None
    ids: Rows
    targets: Rows
    loss_mask: Rows | None = None
    virtual: Array | None = None
    per_row: bool = False


class PromptBody(Body):
    """An upload to `/v1/prompts`: a tuned prompt, as `SoftPrompt` holds it."""

    name: Name
    model: str
    template: str = Field(max_length=100_000)
    vectors: Array
    about: dict[str, Any] = {}
    filters: Policy = {}
