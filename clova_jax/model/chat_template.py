"""Says how the messages of a chat become a prompt: data in a file of the model directory, never a program."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.common.json_values import as_dataclass, fields

CHAT_TEMPLATE = "chat_template.json"
FORMAT = "clova_jax chat template 1"
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Role:
    """Holds what stands around a message of one role.

    Args:
        prefix: before it.
        end: after it.
    """

    prefix: str = ""
    end: str = ""


@dataclass(frozen=True)
class Message:
    """Holds one message of a chat.

    Args:
        role: `system`, `user` or `assistant`.
        content: its text.
    """

    role: str
    content: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ClovaError(f"role {self.role!r}: wants {', '.join(ROLES)}")


@dataclass(frozen=True)
class ChatTemplate:
    """Turns the messages of a chat into the prompt that the assistant answers.

    `<|endoftext|>` closes the answer that a model writes; in what has been said before, the role's end stands in its place.

    Args:
        system, user, assistant: what stands around the messages of each role.
    """

    system: Role
    user: Role
    assistant: Role

    def __post_init__(self) -> None:
        if not self.opening:
            raise ClovaError(
                "a chat template wants a prefix of the assistant, or no answer would begin"
            )

    @property
    def opening(self) -> str:
        """Returns what the answer follows: the assistant's prefix; spaces at its end belong to the answer."""
        return self.assistant.prefix.rstrip(" ")

    def prompt(self, messages: Iterable[Message]) -> str:
        """Returns the prompt of a chat, up to where the assistant's answer begins.

        Raises:
            ClovaError: no message, or the last one is the assistant's own.
        """
        messages = list(messages)
        if not messages or messages[-1].role == "assistant":
            raise ClovaError("messages: the last one is to be the user's, which is answered")
        return "".join(map(self._shown, messages)) + self.opening

    def answer(self, text: str) -> str:
        """Returns an answer as it continues a prompt, without `<|endoftext|>`."""
        return self.assistant.prefix[len(self.opening) :] + text

    def _shown(self, message: Message) -> str:
        role: Role = getattr(self, message.role)
        return role.prefix + message.content + role.end


def write_chat_template(directory: Path, template: ChatTemplate | None) -> None:
    """Writes the template of a model directory; without one, an older file there is removed."""
    if template is None:
        (directory / CHAT_TEMPLATE).unlink(missing_ok=True)
    else:
        write_json(directory / CHAT_TEMPLATE, {"format": FORMAT, **asdict(template)})


def read_chat_template(directory: str | Path) -> ChatTemplate | None:
    """Reads the template of a model directory; None where it has none.

    Raises:
        ClovaError: the file is damaged.
    """
    path = Path(directory) / CHAT_TEMPLATE
    if not path.is_file():
        return None
    values = fields(read_json(path), path, {"format": str, **dict.fromkeys(ROLES, dict)})
    if values.pop("format") != FORMAT:
        raise ClovaError(f"{path}: is not of the format {FORMAT!r}")
    roles = {name: as_dataclass(Role, values[name], f"{path}: {name!r}") for name in ROLES}
    try:
        return ChatTemplate(**roles)
    except ClovaError as error:
        raise ClovaError(f"{path}: {error}") from None
