"""Ends a command as a shell expects: exit status, one line about a mistake, streams that always work."""

import errno
import io
import os
import sys
from collections.abc import Callable
from typing import Any

from clova_jax.common.errors import ClovaError, Interrupted
from clova_jax.common.terminal import shown

RETRY = 75  # EX_TEMPFAIL of sysexits.h: nothing is wrong with the command, start it again


def guard(prog: str, work: Callable[[], Any]) -> int:
    """Does a command's work and returns its exit status.

    That is what `work` returns where it is a number, else 0; 2 after one line about a mistake or a lack of
    disk or memory; 75 after one line about an interruption from outside; 130 after Ctrl-C; 141 where the
    reader of the output has gone, as the shell says it.
    Any other exception is a fault of ours and keeps its traceback.
    """
    _mend_streams()
    try:
        try:
            status = work()
        finally:
            sys.stdout.flush()  # here a reader that has gone is told from a fault
        return status if isinstance(status, int) else 0
    except ClovaError as error:
        message = str(error)
    except Interrupted as error:
        print(f"{prog}: interrupted: {shown(' '.join(str(error).split()))}", file=sys.stderr)
        return RETRY
    except KeyboardInterrupt:
        print(f"\n{prog}: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `head`, say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes once more at its end
        return 141
    except OSError as error:
        if error.errno is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        reason = {
            errno.ENOSPC: "no room left on the disk; free some and run the same command again",
            errno.EDQUOT: "the disk quota is used up; free some room and run the same command again",
        }.get(error.errno, (error.strerror or str(error)).lower())
        message = f"{where}{reason}"
    except MemoryError as error:
        message = f"out of memory ({error})" if str(error) else "out of memory"
    except RuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):  # how JAX says it of a device
            raise
        first = str(error).partition("\n")[0]
        message = f"out of device memory ({first})"
    print(f"{prog}: error: {shown(' '.join(message.split()))}", file=sys.stderr)
    return 2


def _mend_streams() -> None:
    """Gives closed standard streams a null device, and lets text through that the terminal cannot show."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        # A terminal that calls itself ASCII still sends what was typed, and ASCII is UTF-8.
        ascii_only = sys.stdin.encoding.lower() in ("ascii", "us-ascii", "ansi_x3.4-1968")
        encoding = "utf-8" if ascii_only else sys.stdin.encoding
        sys.stdin.reconfigure(encoding=encoding, errors="replace")
