"""Counts what the server does, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Holds the figures of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = {"registry": self.registry, "namespace": "clova"}
        self.requests = Counter(
            "requests", "Answers by path and status.", ["path", "status"], **own
        )
        self.prompt_tokens = Counter("prompt_tokens", "Tokens of prompts.", **own)
        self.completion_tokens = Counter("completion_tokens", "Tokens written.", **own)
        self.finished = Counter("finished", "Texts by how they finished.", ["reason"], **own)
        self.filtered = Counter("filtered", "Texts that a filter found harmful.", ["kind"], **own)
        self.first = Histogram(
            "first_text_seconds", "Time to the first text.", buckets=SECONDS, **own
        )
        self.complete = Histogram(
            "complete_seconds", "Time to the complete answer.", buckets=SECONDS, **own
        )
        self.running = Gauge("running", "Texts being written.", **own)
        self.waiting = Gauge("waiting", "Requests waiting for a slot.", **own)

    def text(self, load: tuple[int, int]) -> bytes:
        """Returns all figures in Prometheus's format."""
        self.running.set(load[0])
        self.waiting.set(load[1])
        return generate_latest(self.registry)
