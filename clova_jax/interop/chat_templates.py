"""Writes a chat template as the Jinja program that `transformers` and vLLM run; programs of others are not read."""

import json
from pathlib import Path

from clova_jax.common.files import read_json, write_json
from clova_jax.model import ChatTemplate, Role


def as_jinja(template: ChatTemplate) -> str:
    """Returns a Jinja template that renders the same text as `ChatTemplate.prompt`, with `add_generation_prompt=True`."""
    roles = {name: getattr(template, name) for name in ("system", "user", "assistant")}
    cases = "".join(
        f"{{%- {'elif' if number else 'if'} message['role'] == {_literal(name)} -%}}{_shown(role)}"
        for number, (name, role) in enumerate(roles.items())
    )
    refusal = "{%- else -%}{{- raise_exception('unknown role ' + message['role']) -}}{%- endif -%}"
    opening = (
        f"{{%- if add_generation_prompt -%}}{{{{- {_literal(template.opening)} -}}}}{{%- endif -%}}"
    )
    return f"{{%- for message in messages -%}}{cases}{refusal}{{%- endfor -%}}{opening}"


def export_chat_template(template: ChatTemplate | None, directory: Path) -> None:
    """Puts a template into the `tokenizer_config.json` of an export; without one nothing changes."""
    if template is not None:
        path = directory / "tokenizer_config.json"
        write_json(path, read_json(path) | {"chat_template": as_jinja(template)})


def _shown(role: Role) -> str:
    return f"{{{{- {_literal(role.prefix)} + message['content'] + {_literal(role.end)} -}}}}"


def _literal(text: str) -> str:
    """Returns a text as a literal of Jinja, which reads the escapes of JSON below U+10000."""
    return json.dumps(text, ensure_ascii=False)
