"""The cluster guide and its files: each command runs as it stands, as far as one machine goes."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from clova_jax import LanguageModel
from clova_jax.common.command import parse
from clova_jax.common.files import read_json
from clova_jax.tokenizers import train_tokenizer
from clova_jax.train import PretrainOptions
from clova_jax.train.metrics import read_metrics
from tests.worlds.cluster import environment, free_port, install

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "cluster.md"
CLUSTER = ROOT / "cluster"
TEXTS = [f"{number}번째 글. 오늘은 날씨가 좋다." * 3 for number in range(200)]


# Runs setup.py without setuptools, which a Python of 3.12 need not have; prints the packages.
SETUP = """
import pathlib, runpy, sys, types
tools = types.ModuleType("setuptools")
tools.find_packages = lambda **_: [".".join(path.parent.parts) for path in pathlib.Path().rglob("clova_jax/**/__init__.py")]
tools.setup = lambda **given: print(*given["packages"])
sys.modules["setuptools"] = tools
runpy.run_path("setup.py")
"""


def extras():
    """The names of the extras in setup.py."""
    found = re.search(r"extras_require=\{(.*?)\n    \}", (ROOT / "setup.py").read_text(), re.S)[1]
    return set(re.findall(r'^ {8}"([\w-]+)":', found, re.M))


def test_the_extras_and_statuses_that_the_page_names_are_there():
    page = PAGE.read_text("utf-8")
    assert {"cuda12", "cuda13", "tpu", "k8s"} <= extras()
    assert set(re.findall(r"EXTRAS=(\w+)", page)) <= extras()
    for file in CLUSTER.iterdir():
        assert f"cluster/{file.name}" in page


@pytest.mark.parametrize("words", ["quickstart EXTRAS=cuda13", "test EXTRAS=cuda13", "test"])
def test_make_installs_the_extras(words):
    done = subprocess.run(
        ["make", "-n", *words.split(), "VENV=nowhere"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    wanted = {"quickstart EXTRAS=cuda13": ".[cuda13]", "test EXTRAS=cuda13": ".[dev,cuda13]"}
    assert f'-e "{wanted.get(words, ".[dev]")}"' in done.stdout


def test_the_kubernetes_job_is_one_that_the_command_accepts():
    service, job = yaml.safe_load_all((CLUSTER / "kubernetes.yaml").read_text("utf-8"))
    spec = job["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert container["command"] == ["clova", "pretrain"]
    args = [arg.replace("$(JOB_COMPLETION_INDEX)", "3") for arg in container["args"]]
    options = parse(PretrainOptions, args, prog="clova pretrain")
    assert spec["completionMode"] == "Indexed"
    assert options.num_processes == spec["completions"] == spec["parallelism"]
    name, domain = job["metadata"]["name"], spec["template"]["spec"]["subdomain"]
    assert domain == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": name}
    assert options.coordinator == f"{name}-0.{domain}:1234"
    devices = options.mesh[0] * options.mesh[1] * options.mesh[2]
    assert devices == spec["completions"] * container["resources"]["limits"]["nvidia.com/gpu"]
    assert options.global_batch % options.mesh[0] == 0
    fails, ignores = spec["podFailurePolicy"]["rules"]
    assert (fails["action"], fails["onExitCodes"]["values"]) == ("FailJob", [2])
    assert fails["onExitCodes"]["containerName"] == container["name"]
    assert ignores["action"] == "Ignore"


def test_the_dockerfile_copies_what_the_package_is_made_of(tmp_path):
    text = (CLUSTER / "Dockerfile").read_text("utf-8")
    for line in re.findall(r"^COPY (.*)$", text, re.M):
        *sources, target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target)
            else:
                shutil.copy(ROOT / source, tmp_path / target)
    assert re.search(r"ARG EXTRAS=(\w+)", text)[1] in extras()
    done = subprocess.run(
        [sys.executable, "-c", SETUP], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert {"clova_jax.studio", "clova_jax.experiments"} <= set(done.stdout.split())
    assert (tmp_path / "experiments" / "quickstart.py").is_file()


@pytest.mark.parametrize("script", ["slurm.sbatch", "tpu_pod.sh"])
def test_the_scripts_are_bash(script):
    done = subprocess.run(["bash", "-n", str(CLUSTER / script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("status", "restarts", "asked"),
    [(0, "0", False), (2, "0", False), (75, "0", True), (130, "3", True), (75, "50", False)],
)
def test_slurm_queues_again_what_was_cut_off(tmp_path, status, restarts, asked):
    install(tmp_path)
    (tmp_path / "srun").write_text(f"#!/bin/sh\nexit {status}\n")
    job = {"SLURM_NTASKS": "8", "SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": restarts}
    command = ["bash", str(CLUSTER / "slurm.sbatch")]
    done = subprocess.run(command, env=environment(tmp_path) | job, capture_output=True, text=True)
    assert done.returncode == status
    assert ("scontrol requeue 7" in done.stdout) == asked


def losses(run):
    return [row["loss"] for row in read_metrics(run / "metrics.jsonl") if "lr" in row]


@pytest.mark.slow
def test_every_block_of_the_page_runs_in_order(tmp_path):
    (tmp_path / "clean" / "corpus").mkdir(parents=True)
    lines = (json.dumps({"text": text}) for text in TEXTS)
    corpus = tmp_path / "clean" / "corpus" / "blog.jsonl"
    corpus.write_text("\n".join(lines), encoding="utf-8")
    tokenizer = train_tokenizer(TEXTS[:3], kind="byte", vocab_size=270)
    for place in ("tok", "store/tok"):
        tokenizer.save(tmp_path / place)
    shutil.copytree(CLUSTER, tmp_path / "cluster")
    install(tmp_path / "bin")
    store = f"file://{tmp_path}/store"
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 8
    script = ["set -e", f"export STORE={store} PORT={free_port()}", *blocks]
    here = environment(tmp_path / "bin") | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=tmp_path, env=here, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
    runs = tmp_path / "runs"
    for run in (
        runs / "explicit",
        runs / "slurm",
        runs / "1.3b",
        tmp_path / "run",
        runs / "watched",
    ):
        assert read_json(run / "health.json")["state"] == "finished", run
    assert losses(runs / "explicit") == pytest.approx(losses(runs / "watched"), rel=1e-4)
    assert losses(runs / "slurm") == pytest.approx(losses(runs / "watched"), rel=1e-4)
    assert len(list((runs / "watched" / "profile").rglob("*.xplane.pb"))) == 1
    assert not (tmp_path / "run" / "model").exists()
    assert LanguageModel.load(tmp_path / "store" / "run").config.vocab_size == 270
