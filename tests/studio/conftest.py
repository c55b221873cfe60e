"""What the Studio's tests share: a PostgreSQL server of their own. Without the extra `studio` they are left out, but not in CI."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

if importlib.util.find_spec("fastapi") is None and os.environ.get("CI") != "true":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory):
    """Runs a PostgreSQL server from the distribution's package (`.ci/packages` installs it)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    programs = found[-1] if found else Path(shutil.which("initdb") or "none").parent
    if not (programs / "initdb").exists():
        pytest.skip("no PostgreSQL server; install the distribution's package postgresql")
    folder = tmp_path_factory.mktemp("postgres")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    # The server refuses to run as root.
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    options = {"user": user} if os.getuid() == 0 else {}
    if os.getuid() == 0:
        for path in (folder, *list(folder.parents)[:3]):
            if str(path).startswith("/tmp/"):
                path.chmod(0o755)
        shutil.chown(folder, user)
    data = folder / "data"
    commands = (
        [programs / "initdb", "-D", data, "-U", "studio", "-A", "trust", "-E", "UTF8"],
        [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log",
         "-o", f"-p {port} -c listen_addresses=127.0.0.1 -k {folder}", "start"],
    )  # fmt: skip
    for command in commands:
        subprocess.run([*map(str, command)], check=True, cwd=folder, capture_output=True, **options)
    server = int((data / "postmaster.pid").read_text().split()[0])
    yield port
    # By its number: a later run of the tests may have removed the folder, which pg_ctl asks for it.
    with contextlib.suppress(ProcessLookupError):
        os.kill(server, signal.SIGQUIT)


@pytest.fixture
def postgres_url(postgres_server, request):
    """Makes an empty database for one test."""
    import psycopg

    name = f"test_{abs(hash(request.node.nodeid)):x}"
    place = f"127.0.0.1:{postgres_server}"
    with psycopg.connect(f"postgresql://studio@{place}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return f"postgresql://studio@{place}/{name}"
