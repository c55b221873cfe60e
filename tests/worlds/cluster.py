"""A cluster on one machine: the programs of Slurm, Kubernetes, TPUs and Docker, as far as our files use them.

`install` puts them into a folder for PATH; each is this file, called by its name. They start real processes of
`clova pretrain` on this machine, with the variables that the real ones would set.
"""

import itertools
import os
import random
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

PROGRAMS = ("srun", "sbatch", "scontrol", "kubectl", "gcloud", "docker")
ROOT = Path(__file__).resolve().parents[2]


def install(folder: Path) -> None:
    """Writes the programs, and `clova`, into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        write_program(folder / name, f'exec "{sys.executable}" "{__file__}" {name} "$@"')
    write_program(folder / "clova", f'exec "{sys.executable}" -m clova_jax "$@"')


def write_program(path: Path, line: str) -> None:
    """Writes a shell script that can be called."""
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)


def environment(folder: Path) -> dict[str, str]:
    """Variables under which the programs are found, and a process has one CPU device."""
    flags = os.environ.get("XLA_FLAGS", "").split()
    flags = [flag for flag in flags if "device_count" not in flag]
    ours = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "XLA_FLAGS": " ".join(flags),
        "JAX_PLATFORMS": "cpu",
    }
    return {**os.environ, **ours}


def free_port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def run_all(commands: list[tuple[list[str], dict[str, str]]]) -> int:
    """Runs (words, more variables) at once; the largest exit status, as srun gives it."""
    running = [subprocess.Popen(words, env={**os.environ, **more}) for words, more in commands]
    codes = [process.wait() for process in running]
    return max(128 - code if code < 0 else code for code in codes)


def srun(words: list[str]) -> int:
    """Starts a step: the command once for each task of the job, with Slurm's variables."""
    while words[0].startswith("-"):
        words = words[1:]
    tasks = os.environ["SLURM_NTASKS"]
    step = {"SLURM_STEP_NODELIST": "127.0.0.1", "SLURM_STEP_NUM_TASKS": tasks}
    return run_all(
        [
            (words, {**step, "SLURM_PROCID": str(task), "SLURM_LOCALID": str(task)})
            for task in range(int(tasks))
        ]
    )


def sbatch(words: list[str]) -> int:
    """Runs a batch script at once; its `#SBATCH` lines, then the command line, say how many tasks there are."""
    given = list(itertools.takewhile(lambda word: word.startswith("--"), words))
    script, *rest = words[len(given) :]
    lines = re.findall(r"^#SBATCH (\S+)$", Path(script).read_text("utf-8"), re.M)
    options = dict(word[2:].partition("=")[::2] for word in [*lines, *given])
    tasks = int(options["nodes"]) * int(options["ntasks-per-node"])
    # JAX takes the port from the number of the job.
    job = {"SLURM_NTASKS": str(tasks), "SLURM_JOB_ID": str(random.randrange(1, 4096))}
    return run_all([(["bash", script, *rest], job)])


def scontrol(words: list[str]) -> int:
    """Notes what was asked for."""
    print("scontrol", *words)
    return 0


def kubectl(words: list[str]) -> int:
    """Runs the pods of an indexed Job once, here: `/shared` is the folder, a device stands for each machine."""
    import yaml  # here: the other programs start at once

    if words[:2] != ["apply", "-f"]:
        print("kubectl", *words)
        return 0
    *_, job = yaml.safe_load_all(Path(words[2]).read_text("utf-8"))
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    small = {"size": "tiny", "length": "16", "global-batch": "8", "tokens": "384", "mesh": "4,1,1"}
    small["coordinator"] = f"127.0.0.1:{free_port()}"
    commands = []
    for index in range(spec["completions"]):
        args = [arg.replace("$(JOB_COMPLETION_INDEX)", str(index)) for arg in container["args"]]
        names = [arg[2:].partition("=")[0] for arg in args]
        args = [
            f"--{name}={small[name]}" if name in small else arg.replace("=/shared/", "=")
            for name, arg in zip(names, args, strict=True)
        ]
        here = {"JOB_COMPLETION_INDEX": str(index), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
        commands.append(([*container["command"], *args], here))
    return run_all(commands)


def gcloud(words: list[str]) -> int:
    """Runs the command of `ssh --worker=all` as two workers, which are told who they are."""
    (command,) = (word.partition("=")[2] for word in words if word.startswith("--command="))
    numbers = {"CLOVA_COORDINATOR": f"127.0.0.1:{free_port()}", "CLOVA_PROCESSES": "2"}
    return run_all(
        [(["bash", "-c", command], {**numbers, "CLOVA_PROCESS": str(n)}) for n in range(2)]
    )


def docker(words: list[str]) -> int:
    """Checks that a build finds its file; there is no Docker here."""
    if words[0] == "build" and not Path(words[words.index("-f") + 1]).is_file():
        return 1
    print(shlex.join(["docker", *words]))
    return 0


if __name__ == "__main__":
    name, *rest = sys.argv[1:]
    raise SystemExit(globals()[name](rest))
