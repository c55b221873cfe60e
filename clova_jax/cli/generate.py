"""Runs `clova generate`: continues a text, or one text after another; each streams as it is written."""

import locale
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clova_jax
from clova_jax import inference, interop, parallel
from clova_jax.common.errors import ClovaError
from clova_jax.common.options import mesh_option, option, seed_option
from clova_jax.common.terminal import shown, write

Around = Callable[[str], str | list[int]]
MESSAGES = {
    "en": {
        "hello": "Type a text to be continued; each is continued by itself, nothing is kept of those before.\n"
        "\\n stands for a line break; an empty line ends.",
        "prompt": "text> ",
        "stopped": "(stopped)",
        "bye": "Bye.",
    },
    "ko": {
        "hello": "이어 쓸 글을 넣으세요. 글마다 따로 이어 쓰며 앞의 내용은 기억하지 않습니다.\n"
        "\\n은 줄바꿈입니다. 빈 줄을 넣으면 끝납니다.",
        "prompt": "글> ",
        "stopped": "(멈춤)",
        "bye": "안녕히 가세요.",
    },
}


@dataclass(frozen=True)
class Options:
    """Continues a text; without --prompt, asks for one after another and continues each by itself."""

    model: Path | str
    """the model directory, its URL (s3://…, gs://…), or a name on the Hugging Face Hub: ORG/NAME[@REVISION]"""
    prompt: str | None = None
    """the text to continue; asked for if left out"""
    soft_prompt: Path | None = None
    """a tuned prompt that goes around each text: `prompt/` of a run of `clova tune`"""
    max_new_tokens: int = option(64, least=0)
    """at most so many tokens"""
    temperature: float = option(0.8, least=0)
    """0 takes the likeliest token each time"""
    top_k: int = option(0, least=0)
    """only the k likeliest tokens; 0 is all"""
    top_p: float = option(0.95, above=0, most=1)
    """only the likeliest tokens of so much probability"""
    min_p: float = option(0.0, least=0, most=1)
    """only tokens at least so many times as likely as the likeliest"""
    repetition_penalty: float = option(1.0, above=0)
    """above 1 weakens what stands in the text already"""
    frequency_penalty: float = 0.0
    """taken off for each time a token was written"""
    presence_penalty: float = 0.0
    """taken off where a token was written at all"""
    stop: tuple[str, ...] = option((), words=True)
    """texts to end before, a word each; \\n stands for a line break"""
    num_samples: int = option(1, least=1)
    """continuations of the prompt"""
    seed: int | None = seed_option(None)
    """the same seed gives the same text, with the same version of JAX on the same kind of device"""
    echo: bool = False
    """print the prompt too"""
    mesh: tuple[int, ...] | None = mesh_option(None)
    language: str | None = None
    """language of the messages: ko or en; by default the terminal's"""


def run(options: Options) -> None:
    """Continues one text, or one after another."""
    talk = _messages(options.language)
    mesh = parallel.make_mesh(options.mesh) if options.mesh else None
    lm = clova_jax.LanguageModel.load(interop.model_folder(options.model), mesh)
    lm, around = _attached(lm, options.soft_prompt)
    sampling = {
        name: getattr(options, name)
        for name in (
            "max_new_tokens",
            "temperature",
            "top_k",
            "top_p",
            "min_p",
            "repetition_penalty",
            "frequency_penalty",
            "presence_penalty",
        )
    } | {"stop": tuple(_unescape(text) for text in options.stop)}
    if options.prompt is not None:
        prompt = _unescape(options.prompt)
        if options.num_samples == 1:
            with inference.Engine(lm, slots=1) as engine:
                _stream(engine, prompt, around, options, sampling, talk)
            return
        texts = lm.generate(
            [around(prompt)], num_samples=options.num_samples, seed=options.seed, **sampling
        )
        for number, text in enumerate(texts, 1):
            write(f"--- {number}\n{prompt if options.echo else ''}{text}\n", sys.stdout)
        return
    with inference.Engine(lm, slots=1) as engine:
        print(talk["hello"], file=sys.stderr)
        while prompt := _ask(talk["prompt"]):
            try:
                _stream(engine, _unescape(prompt), around, options, sampling, talk)
            except ClovaError as error:  # a text too long, say: the next may do
                print(shown(str(error)), file=sys.stderr)
        print(talk["bye"], file=sys.stderr)


def _attached(lm: "clova_jax.LanguageModel", folder: Path | None) -> tuple[Any, Around]:
    """Returns the model with a tuned prompt's vectors, and what puts its template around a text."""
    if folder is None:
        return lm, lambda text: text
    view, before, after = inference.SoftPrompt.load(folder).attach(lm)
    return view, lambda text: [*before, *lm.tokenizer.encode(text), *after]


def _stream(
    engine: "inference.Engine",
    prompt: str,
    around: Around,
    options: Options,
    sampling: dict[str, Any],
    talk: dict[str, str],
) -> None:
    """Prints a text as it is written; Ctrl-C ends the text, not the program."""
    request = engine.submit(around(prompt), seed=options.seed, **sampling)
    if options.echo:
        write(prompt, sys.stdout)
    try:
        for part in request:
            write(part, sys.stdout)
    except KeyboardInterrupt:
        request.cancel()
        print(f" {talk['stopped']}", end="", file=sys.stderr)
    print(flush=True)


def _ask(prompt: str) -> str:
    """A line of the user, "" at the end of the input, or where there is none."""
    if sys.stdin is None or sys.stdin.closed:
        return ""
    print(prompt, end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().rstrip("\n")
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return ""


def _messages(language: str | None) -> dict[str, str]:
    if language is None:
        spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
        language = "ko" if spoken.lower().startswith("ko") else "en"
    if language not in MESSAGES:
        raise ClovaError(f"--language {language!r}: there are {', '.join(MESSAGES)}")
    return MESSAGES[language]


def _unescape(text: str) -> str:
    return text.replace("\\n", "\n")
