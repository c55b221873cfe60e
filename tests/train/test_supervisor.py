"""The health file, the webhook and the end of a training that stalls; and what a run reports through them."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from clova_jax.common.errors import ClovaError
from clova_jax.common.files import read_json, write_json
from clova_jax.model import read_config
from clova_jax.tokenizers import train_tokenizer
from clova_jax.train import pretraining
from clova_jax.train import supervisor as room
from clova_jax.train.alerts import Alerts
from clova_jax.train.hooks import SkippedSteps, Spikes
from clova_jax.train.options import PretrainOptions
from clova_jax.train.supervisor import Beat, Supervisor
from clova_jax.train.trainer import Run, train


class Webhook(ThreadingHTTPServer):
    """Keeps the bodies that are posted to it; answers with `status`."""

    def __init__(self, status=200):
        self.bodies, self.status = [], status
        super().__init__(("127.0.0.1", 0), Post)
        self.url = f"http://127.0.0.1:{self.server_port}/secret"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Post(BaseHTTPRequestHandler):
    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.server.bodies.append(json.loads(self.rfile.read(size)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def webhook():
    server = Webhook()
    yield server
    server.shutdown()
    server.server_close()


def step(state, batch):
    return state, {"loss": np.float32(batch), "skipped": np.bool_(batch != batch)}


def follow(supervisor, losses):
    """Trains on losses that are given, with the hooks that report them."""
    run = Run(None, 0, len(losses))
    spikes = Spikes(lambda line: None, supervisor.alerts.send)
    hooks = (SkippedSteps(lambda: 40), spikes, Beat(supervisor, lambda: 40))
    with supervisor:
        return train(run, step, lambda start: (loss for loss in losses), hooks)


def test_the_health_file_says_how_far_it_is(tmp_path):
    path = tmp_path / "health.json"
    supervisor = Supervisor(lambda values: write_json(path, values))
    follow(supervisor, [3.0, 2.0])
    health = read_json(path)  # of the first step: a state is written every ten seconds
    assert (health["state"], health["step"], health["total_steps"]) == ("training", 0, 2)
    supervisor.note("stopped")
    health = read_json(path)
    assert (health["state"], health["step"], health["loss"]) == ("stopped", 2, 2.0)
    assert health["checkpoint"] == 40
    assert health.keys() >= {"time", "host", "pid"}


def test_a_state_is_written_again_when_it_is_old(monkeypatch):
    seen = []
    supervisor = Supervisor(seen.append)
    monkeypatch.setattr(room, "WRITE_EVERY", 0.0)
    follow(supervisor, [3.0, 2.0])
    assert [values["step"] for values in seen] == [0, 1, 2]


def test_a_spike_is_posted_once_a_window(webhook):
    losses = [3.0] * 64 + [9.0, 9.0, 3.0] + [3.0] * 62 + [9.5]
    follow(Supervisor(alerts=Alerts(webhook.url, {"run": "runs/a"})), losses)
    assert [body["step"] for body in webhook.bodies] == [65, 130]
    body = webhook.bodies[0]
    assert (body["event"], body["run"], body["loss"], body["usual"]) == ("spike", "runs/a", 9.0, 3)
    assert body["text"] == "step 65: loss 9.000 jumped from about 3.000"
    assert "time" in body


def test_a_run_that_fails_says_why(webhook, tmp_path):
    path = tmp_path / "health.json"
    supervisor = Supervisor(lambda values: write_json(path, values), Alerts(webhook.url))
    with pytest.raises(ClovaError):
        follow(supervisor, [float("nan")] * 30)
    (body,) = webhook.bodies
    assert body["event"] == "failed"
    assert "20 steps in a row" in body["text"]
    health = read_json(path)
    assert (health["state"], health["loss"]) == ("failed", None)
    assert health["reason"] == body["text"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/secret", None])
def test_a_webhook_that_fails_stops_nothing_and_is_said_once(capsys, url):
    refusing = Webhook(status=500)
    alerts = Alerts(url or refusing.url)
    with Supervisor(alerts=alerts):
        for _ in range(3):
            alerts.send("spike", "a text")
            alerts.wait()
    refusing.shutdown()
    refusing.server_close()
    said = capsys.readouterr().err
    assert said.count("WARNING: the alerts' webhook at 127.0.0.1 failed") == 1
    assert "secret" not in said


def test_a_training_that_stalls_ends_with_a_status_and_says_so(webhook, monkeypatch, capfd):
    seen, left = [], threading.Event()
    monkeypatch.setattr(room.os, "_exit", lambda status: (seen.append(status), left.set()))
    supervisor = Supervisor(seen.append, Alerts(webhook.url), stall_seconds=0.2)
    with supervisor:
        supervisor.beat(step=7, loss=2.5)
        assert left.wait(60)
    status = next(value for value in seen if not isinstance(value, dict))
    assert status == 75
    health = [value for value in seen if isinstance(value, dict)][-1]
    assert (health["state"], health["step"]) == ("stalled", 7)
    assert webhook.bodies[0]["event"] == "stalled"
    assert "after step 7" in webhook.bodies[0]["text"]
    assert "stacks of all threads" in capfd.readouterr().err


def test_a_model_that_cannot_be_written_is_reported(webhook, tmp_path, monkeypatch):
    (tmp_path / "documents").mkdir()
    rows = (json.dumps({"text": f"{number}번째 글. 날씨가 좋다." * 3}) for number in range(50))
    (tmp_path / "documents" / "blog.jsonl").write_text("\n".join(rows), encoding="utf-8")
    tokenizer = train_tokenizer(["날씨가 좋다."], kind="byte", vocab_size=260)
    tokenizer.save(tmp_path / "tokenizer")
    options = PretrainOptions(
        data=str(tmp_path / "documents"),
        tokenizer=tmp_path / "tokenizer",
        **{"layers": 1, "width": 16, "heads": 2, "steps": 1, "global_batch": 2, "length": 16},
        **{"workers": 1, "out": tmp_path / "run"},
    )
    monkeypatch.setenv("CLOVA_ALERT_URL", webhook.url)

    def save_model(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(pretraining, "save_model", save_model)
        with pytest.raises(OSError, match="no space left"):
            pretraining.pretrain(options)
    health = read_json(tmp_path / "run" / "health.json")
    assert (health["state"], health["step"]) == ("failed", 1)
    assert health["reason"] == "no space left"
    assert [body["event"] for body in webhook.bodies] == ["failed"]
    assert pretraining.pretrain(options), "the same call writes the model"
    assert read_json(tmp_path / "run" / "health.json")["state"] == "finished"
    assert read_config(tmp_path / "run").num_layers == 1


def test_a_training_that_makes_steps_does_not_stall(monkeypatch):
    monkeypatch.setattr(room.os, "_exit", lambda status: pytest.fail("ended"))
    supervisor = Supervisor(stall_seconds=30)
    with supervisor:
        supervisor.beat()
        time.sleep(0.01)
    assert supervisor._ended.is_set()
