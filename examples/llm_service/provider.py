# SPDX-License-Identifier: Apache-2.0
"""A simulated LLM provider: latency, tokens and errors as a real one shows them."""

import dataclasses
import random
import time


class ProviderError(Exception):
    """The provider refused or failed; `status` is what its HTTP API would have answered."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


@dataclasses.dataclass(frozen=True)
class Completion:
    text: str
    prompt_tokens: int
    completion_tokens: int

    @property
    def total_tokens(self):
        return self.prompt_tokens + self.completion_tokens


# model: (seconds until the first token, seconds per token)
SPEEDS = {
    "gpt-large": (0.030, 0.0008),
    "gpt-small": (0.010, 0.0002),
    "embed-1": (0.005, 0.0),
}


class Provider:
    """Answers prompts. `error_rate` may be changed while it runs; `speed` divides all waiting."""

    def __init__(self, error_rate=0.0, speed=1.0, seed=None):
        self.error_rate = error_rate
        self._speed = speed
        self._random = random.Random(seed)

    def complete(self, model, prompt):
        if model not in SPEEDS:
            raise ProviderError(404, f"the model {model!r} does not exist")
        first_token, per_token = SPEEDS[model]
        prompt_tokens = max(1, len(prompt.split()) * 4 // 3)
        completion_tokens = 0 if model.startswith("embed") else self._random.randint(10, 200)
        latency = self._random.lognormvariate(0, 0.4) * first_token + per_token * completion_tokens
        if self._random.random() < 0.01:
            latency *= 10  # The slow tail.
        time.sleep(latency / self._speed)
        if self._random.random() < self.error_rate:
            status, message = self._random.choice(
                [(429, "rate limit exceeded"), (500, "internal error"), (503, "overloaded")]
            )
            raise ProviderError(status, message)
        return Completion("lorem " * completion_tokens, prompt_tokens, completion_tokens)
