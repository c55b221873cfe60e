"""A server that writes what it is told, token by token, and a wire to it that can be cut."""

import asyncio
import contextlib
import socket
import threading

from clova_jax import train_tokenizer
from clova_jax.studio.backends import Entry, Part
from clova_jax.studio.backends.entries import Sizes
from tests.studio.studio_world import usual_wait

TEXTS = [
    "옛날 옛적에 호랑이가 살았다. 서울은 넓고 사람이 많다.",
    " 그래서 우리는 다시 웃었다.\n",
] * 5
LONGEST = 1600


EXTRA = (" 울었다".encode(), "<b>굵게</b>".encode(), b"\xec")  # tokens that are only offered


class Named:
    """Is a tokenizer with more tokens, which it never writes; half of Hangul is bytes, so a character can be several."""

    def __init__(self):
        self._own = train_tokenizer(TEXTS, kind="byte", vocab_size=300)
        self.first_extra = self._own.vocab_size
        self.vocab_size = self.first_extra + len(EXTRA)

    def __getattr__(self, name):
        return getattr(self._own, name)

    def decode_bytes(self, ids):
        """Returns the bytes of ids, of the further ones too."""
        if any(token >= self.first_extra for token in ids):
            return b"".join(
                EXTRA[token - self.first_extra]
                if token >= self.first_extra
                else self._own.decode_bytes([token])
                for token in ids
            )
        return self._own.decode_bytes(ids)


def make_tokenizer():
    """Makes the tokenizer of the scripted server."""
    return Named()


class Scripted:
    """Writes the same text after any prompt.

    Args:
        tokenizer: cuts it into tokens.
    """

    lacks = frozenset({"gradients", "prompts"})
    load = (0, 0)
    failed = False
    max_length = LONGEST

    def __init__(self, tokenizer):
        self.tokenizer, self.text, self.asks = tokenizer, " 웃었다.", []
        self.texts = []  # one after another, before `text`
        self.most = None  # tokens of a text after which it waits for more to be allowed
        self.wait = usual_wait  # seconds that the server holds a path back

    async def write(self, ask):
        """Begins a text."""
        self.asks.append(ask)
        return Writing(self, ask, self.texts.pop(0) if self.texts else self.text)

    async def score(self, rows, first, top, owner):
        """Gives each token the same probabilities."""
        return [self.entries(row, first) for row in rows]

    def entries(self, ids, first=0):
        """Entries of tokens, with alternatives of every kind."""
        found = []
        for at, (token, size) in enumerate(zip(ids, Sizes(self.tokenizer).of(ids), strict=True)):
            logprob, extra = -0.2 - 0.5 * (at % 4), self.tokenizer.first_extra
            tops = {extra: -1.5, extra + 1: -2.5, extra + 2: -3.0, self.tokenizer.end_of_text: -4.0}
            known = at or first
            found.append(
                Entry(
                    token,
                    logprob if known else None,
                    {**tops, token: logprob} if known else None,
                    size,
                )
            )
        return found

    async def close(self):
        """Has nothing to free."""


class Writing:
    """Is one text."""

    def __init__(self, backend, ask, text):
        self.backend, self.ask, self.text = backend, ask, text

    async def __aiter__(self):
        backend, shown = self.backend, ""
        ids = backend.tokenizer.encode(self.text)[: self.ask.sampling["max_new_tokens"]]
        entries, waiting = backend.entries(ids, 1), []
        for count, entry in enumerate(entries, 1):
            while backend.most is not None and count > backend.most:
                await asyncio.sleep(0.005)
            waiting.append(entry)
            text = backend.tokenizer.decode(ids[:count])
            if text.endswith("\ufffd"):
                continue
            given = () if self.ask.logprobs is None else tuple(waiting)
            yield Part(text[len(shown) :], given, None, count)
            shown, waiting = text, []
            await asyncio.sleep(0)
        yield Part("", (), "stop", len(ids), -1.0)

    async def aclose(self):
        """Has nothing to free."""


class Wire:
    """Forwards connections to a server until it is cut.

    Args:
        port: of the server.
    """

    def __init__(self, port):
        self.port, self._open = port, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.port))
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def cut(self):
        """Breaks all connections; new ones are refused."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
