"""Figures of a server for Prometheus."""

from __future__ import annotations

import functools
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

# Seconds: single rows take a millisecond, large batches and explanations many seconds.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_ROWS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000, 2_000, 10_000, 100_000)


class Metrics:
    """What one server counts. Every server has a registry of its own.

    The labels are ``endpoint``, ``status``, ``model`` (such as ``churn@3``) and ``kind``.
    """

    CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        where: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter(
            "trialbook_requests", "Requests answered.", ("endpoint", "status", "model"), **where
        )
        self._seconds = Histogram(
            "trialbook_request_seconds",
            "Time from the head of a request to its answer.",
            ("endpoint",),
            buckets=_SECONDS,
            **where,
        )
        self._rows = Counter("trialbook_rows", "Rows answered.", ("endpoint", "model"), **where)
        self._errors = Counter(
            "trialbook_errors", "Requests refused or failed.", ("endpoint", "status"), **where
        )
        self._unknown = Counter(
            "trialbook_unknown_categories", "Cells with an unseen category.", ("model",), **where
        )
        self._batches = Histogram(
            "trialbook_batch_rows", "Rows that a model got at once.", buckets=_ROWS, **where
        )
        self._together = Histogram(
            "trialbook_batch_requests",
            "Requests that a model answered at once.",
            buckets=_ROWS[:10],
            **where,
        )
        self._models = Gauge(
            "trialbook_model_weight",
            "Share of the requests that a model gets, in percent.",
            ("name", "version", "engine"),
            **where,
        )
        self._reloads = Counter("trialbook_reloads", "Reloads.", ("outcome",), **where)
        self._logged = Gauge(
            "trialbook_log_dropped_rows", "Rows that the log had no room for.", **where
        )
        # Looking up a child by its labels costs more than counting.
        self._seconds_of = functools.cache(self._seconds.labels)
        self._requests_of = functools.cache(self._requests.labels)
        self._rows_of = functools.cache(self._rows.labels)

    def answered(self, endpoint: str, status: int, seconds: float, model: str = "") -> None:
        """Count a request.

        Parameters
        ----------
        endpoint : str
            Its path, one of those known.
        status : int
        seconds : float
        model : str
            Which answered; empty if none did.
        """
        self._requests_of(endpoint, str(status), model).inc()
        self._seconds_of(endpoint).observe(seconds)
        if status >= 400:
            self._errors.labels(endpoint, str(status)).inc()

    def rows(self, endpoint: str, model: str, n_rows: int, n_unknown: int) -> None:
        """Count the rows of an answer, and their cells of unknown categories."""
        self._rows_of(endpoint, model).inc(n_rows)
        if n_unknown:
            self._unknown.labels(model).inc(n_unknown)

    def batch(self, n_rows: int, n_requests: int) -> None:
        """Count what a model was asked at once."""
        self._batches.observe(n_rows)
        self._together.observe(n_requests)

    def models(self, served: list[tuple[str, str, str, float]]) -> None:
        """Say which models answer: name, version, engine and weight of each."""
        self._models.clear()
        for name, version, engine, weight in served:
            self._models.labels(name, version, engine).set(weight)

    def reloaded(self, outcome: str) -> None:
        """Count a reload: ``changed``, ``unchanged`` or ``failed``."""
        self._reloads.labels(outcome).inc()

    def text(self, dropped: int) -> bytes:
        """All figures in the format that Prometheus reads."""
        self._logged.set(dropped)
        return generate_latest(self.registry)
