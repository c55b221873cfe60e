"""Ways of writing a number so that people read it and machines do not, made up from a seed."""

import random
from collections.abc import Callable

_UNSEEN = "\u200b\u200d\ufe0f\u3164\u115f\u2060\u00ad"
_MARKS = ["·", "*", "…", "ㆍ", "_", ",", "~", "/", "•", "=", "|", "...", " . ", " – ", "ㅡ", ")"]


def digits(rng: random.Random, count: int) -> str:
    """Returns so many digits."""
    return "".join(rng.choice("0123456789") for _ in range(count))


def wide(text: str) -> str:
    """Returns the text in full-width characters."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def mobile(rng: random.Random) -> str:
    """Returns a mobile number with hyphens."""
    return f"010-{rng.randint(2, 9)}{digits(rng, 3)}-{digits(rng, 4)}"


def between(rng: random.Random, number: str, marks: str) -> str:
    """Returns the number with another mark between its groups."""
    return number.replace("-", rng.choice(marks))


def unseen(rng: random.Random, text: str) -> str:
    """Returns the text with characters in it that nobody sees."""
    chars = list(text)
    for _ in range(rng.randint(1, 4)):
        chars.insert(rng.randint(1, len(chars) - 1), rng.choice(_UNSEEN))
    return "".join(chars)


def broken(rng: random.Random, number: str) -> str:
    """Returns the number broken over two lines."""
    place = rng.randint(2, len(number) - 2)
    return number[:place] + "\n" + number[place:]


def spelled(rng: random.Random, number: str) -> str:
    """Returns the number read out in Korean."""
    zero = rng.choice("공영")
    return "".join((zero + "일이삼사오육칠팔구")[int(c)] if c.isdigit() else c for c in number)


def disguised(rng: random.Random, number: str) -> str:
    """Returns a hyphened mobile number in one of these ways."""
    code, rest = number[:3], number[3:]
    ways: list[Callable[[], str]] = [
        lambda: number.replace("-", rng.choice(_MARKS)),
        lambda: code.replace("0", rng.choice("Oo")) + rest,
        lambda: code.replace("1", rng.choice("lI")) + rest,
        lambda: code.replace("0", "ㅇ") + rest,
        lambda: code.replace("0", rng.choice("공영")) + rest,
        lambda: code[0] + "일" + code[2] + rest,
        lambda: "".join(char + "\ufe0f\u20e3" if char.isdigit() else char for char in number),
        lambda: spelled(rng, number).replace("-", "에 "),
        lambda: spelled(rng, code) + rest.replace("-", " "),
        lambda: code + spelled(rng, rest),
        lambda: unseen(rng, number),
        lambda: broken(rng, number),
        lambda: number.replace("-", "-\n", 1),
        lambda: number.replace("-", "\t"),
        lambda: " ".join(number.replace("-", "")),
        lambda: " ".join(spelled(rng, number.replace("-", ""))),
        lambda: f"[{code}]{rest[1:]}",
        lambda: "".join(char + "\u0336" for char in number),
    ]
    return rng.choice(ways)()
