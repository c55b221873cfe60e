"""The chat template: prompts, its file in the model directory, what is refused, the same text by transformers."""

import json

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clova_jax import LanguageModel
from clova_jax.common.errors import ClovaError
from clova_jax.common.hashes import write_hashes
from clova_jax.interop import to_hugging_face
from clova_jax.interop.chat_templates import as_jinja
from clova_jax.model import ChatTemplate, Message, Role, read_chat_template
from clova_jax.model.chat_template import write_chat_template
from tests.studio.studio_world import make_model

TEMPLATE = ChatTemplate(
    Role("[안내] ", "\n\n"), Role('"질문"\\: ', "\n"), Role("{{답변}} {% x %}: ", "\n\n")
)
TALK = [
    Message("system", "짧게 답하세요."),
    Message("user", "안녕\n'하세요' \\n"),
    Message("assistant", "네, {{ 안녕 }}하세요."),
    Message("user", "  🙂 <|endoftext|>"),
]
texts = st.text(st.characters(codec="utf-8"), max_size=12)
roles = st.builds(Role, texts, texts)


def test_a_prompt_has_every_message_and_the_opening_of_the_answer():
    assert TEMPLATE.prompt(TALK) == (
        "[안내] 짧게 답하세요.\n\n\"질문\"\\: 안녕\n'하세요' \\n\n{{답변}} {% x %}: 네, {{ 안녕 }}하세요.\n\n"
        '"질문"\\:   🙂 <|endoftext|>\n{{답변}} {% x %}:'
    )
    assert TEMPLATE.answer("네") == " 네"
    assert TEMPLATE.prompt(TALK[:2]) + TEMPLATE.answer("네") in TEMPLATE.prompt(
        [*TALK[:2], Message("assistant", "네"), TALK[3]]
    )


def test_what_is_no_chat_is_refused():
    for messages in ([], TALK[:3]):
        with pytest.raises(ClovaError, match="the last one is to be the user's"):
            TEMPLATE.prompt(messages)
    with pytest.raises(ClovaError, match="role 'bot': wants system, user, assistant"):
        Message("bot", "")
    with pytest.raises(ClovaError, match="wants a prefix of the assistant"):
        ChatTemplate(Role(), Role(), Role(" "))


def test_a_model_directory_keeps_its_template(tmp_path):
    lm = make_model()
    lm.save(tmp_path / "model")
    assert LanguageModel.load(tmp_path / "model").chat is None
    chatting = lm.with_chat(TEMPLATE)
    assert lm.chat is None
    assert chatting.with_params(chatting.params).chat == TEMPLATE
    assert chatting.fingerprint == lm.fingerprint
    chatting.save(tmp_path / "model")
    assert LanguageModel.load(tmp_path / "model").chat == TEMPLATE
    path = tmp_path / "model" / "chat_template.json"
    path.write_text(path.read_text().replace("질문", "물음"))
    with pytest.raises(ClovaError, match=r"chat_template.json: is damaged"):
        LanguageModel.load(tmp_path / "model")
    values = json.loads(path.read_text())
    for wrong, message in (
        ({"format": "x"}, "is not of the format"),
        ({"user": 3}, "'user' is 3, wants an object"),
        ({"user": {"prefix": "", "suffix": ""}}, "'suffix' is unknown"),
        ({"assistant": {}}, "chat_template.json: a chat template wants a prefix"),
    ):
        path.write_text(json.dumps(values | wrong))
        write_hashes(tmp_path / "model")
        with pytest.raises(ClovaError, match=message):
            LanguageModel.load(tmp_path / "model")
    lm.save(tmp_path / "model")
    assert not path.exists()


@given(roles, roles, st.builds(Role, texts.map("답".__add__), texts))
def test_a_template_comes_back_from_its_file(tmp_path_factory, system, user, assistant):
    folder = tmp_path_factory.mktemp("template")
    template = ChatTemplate(system, user, assistant)
    write_chat_template(folder, template)
    assert read_chat_template(folder) == template


@given(roles, roles, st.builds(Role, texts.map("답".__add__), texts), texts)
def test_jinja_renders_the_same(system, user, assistant, said):
    template = ChatTemplate(system, user, assistant)
    messages = [*TALK[:3], Message("user", said)]
    shown = [{"role": one.role, "content": one.content} for one in messages]
    # As transformers makes its own.
    environment = jinja2.Environment(
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    program = environment.from_string(as_jinja(template))
    assert program.render(messages=shown, add_generation_prompt=True) == template.prompt(messages)


@pytest.mark.peers
def test_transformers_renders_the_same(tmp_path):
    from transformers import AutoTokenizer

    lm = make_model().with_chat(TEMPLATE)
    to_hugging_face(lm, tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    shown = [{"role": one.role, "content": one.content} for one in TALK]
    text = theirs.apply_chat_template(shown, tokenize=False, add_generation_prompt=True)
    assert text == TEMPLATE.prompt(TALK)
    shown[-1]["content"] = "안녕"  # what is a special token there is plain text here
    ids = theirs.apply_chat_template(shown, add_generation_prompt=True, return_dict=False)
    assert ids == lm.tokenizer.encode(TEMPLATE.prompt([*TALK[:3], Message("user", "안녕")]))
    with pytest.raises(Exception, match="unknown role"):
        theirs.apply_chat_template([{"role": "bot", "content": ""}], tokenize=False)
