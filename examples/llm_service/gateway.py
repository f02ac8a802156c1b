# SPDX-License-Identifier: Apache-2.0
"""An LLM gateway as teams write it: takes requests, asks a provider, reports what happened."""

import dataclasses
import time
import uuid

from opentelemetry.trace import Status, StatusCode

from provider import ProviderError


@dataclasses.dataclass
class Sent:
    """What the gateway says it reported; tests compare it with what comes back."""

    requests: int = 0
    errors: int = 0
    logs: int = 0
    spans: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    by_series: dict = dataclasses.field(default_factory=dict)
    request_ids: list = dataclasses.field(default_factory=list)


class Gateway:
    def __init__(self, provider, telemetry):
        self._provider = provider
        self._telemetry = telemetry
        self.sent = Sent()

    def handle(self, model, endpoint, prompt):
        """Answers one request; returns its id. Provider errors are reported, not raised."""
        request_id = str(uuid.uuid4())
        started = time.perf_counter()
        with self._telemetry.tracer.start_as_current_span(
            "llm_request",
            attributes={"endpoint": endpoint, "model": model, "request_id": request_id},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            completion = None
            status = "ok"
            try:
                completion = self._provider.complete(model, prompt)
            except ProviderError as error:
                status = "error"
                span.record_exception(error)
                span.set_status(Status(StatusCode.ERROR, str(error)))
                span.set_attribute("error.type", str(error.status))
            self._report(request_id, model, endpoint, status, completion, time.perf_counter() - started)
        self.sent.spans += 1
        return request_id

    def _report(self, request_id, model, endpoint, status, completion, seconds):
        sent = self.sent
        sent.requests += 1
        sent.request_ids.append(request_id)
        key = (model, status, endpoint)
        sent.by_series[key] = sent.by_series.get(key, 0) + 1
        self._telemetry.metrics.request(model, endpoint, status, seconds)
        fields = {
            "request_id": request_id,
            "model": model,
            "endpoint": endpoint,
            "latency_ms": round(seconds * 1000, 3),
        }
        if completion is None:
            sent.errors += 1
            self._telemetry.logger.error("request failed", extra=fields)
        else:
            self._telemetry.metrics.tokens(model, completion)
            sent.prompt_tokens += completion.prompt_tokens
            sent.completion_tokens += completion.completion_tokens
            fields["prompt_tokens"] = completion.prompt_tokens
            fields["completion_tokens"] = completion.completion_tokens
            self._telemetry.logger.info("request served", extra=fields)
        sent.logs += 1
