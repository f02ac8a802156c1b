#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the gateway on synthetic traffic, reporting to vigil.

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt
    .venv/bin/python main.py                       # metrics pushed over OTLP
    .venv/bin/python main.py --mode scrape --scrape-port 9464
    .venv/bin/python main.py --error-rate 0.3      # provider errors: watch the alert fire
"""

import argparse
import random
import signal
import threading

from gateway import Gateway
from provider import SPEEDS, Provider
from telemetry import Telemetry

ENDPOINTS = {"gpt-large": "/v1/chat", "gpt-small": "/v1/chat", "embed-1": "/v1/embeddings"}
WORDS = "summarise the quarterly report and list every open question by owner".split()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--endpoint", default="127.0.0.1:4317", help="vigil's gRPC address")
    parser.add_argument("--service-name", default="llm-gateway")
    parser.add_argument("--mode", choices=("otlp", "scrape"), default="otlp", help="how metrics leave")
    parser.add_argument("--scrape-port", type=int, default=9464)
    parser.add_argument("--requests-per-second", type=float, default=20)
    parser.add_argument("--error-rate", type=float, default=0.01)
    parser.add_argument("--export-interval", type=float, default=5, help="seconds between metric exports")
    parser.add_argument("--duration", type=float, default=0, help="seconds to run, 0 means until stopped")
    return parser.parse_args()


def main():
    options = parse_arguments()
    telemetry = Telemetry(
        options.service_name, options.endpoint, options.mode, options.scrape_port, options.export_interval
    )
    gateway = Gateway(Provider(options.error_rate), telemetry)
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    if options.duration:
        threading.Timer(options.duration, stop.set).start()
    while not stop.wait(random.expovariate(options.requests_per_second)):
        model = random.choice(list(SPEEDS))
        prompt = " ".join(random.choices(WORDS, k=random.randint(5, 200)))
        gateway.handle(model, ENDPOINTS[model], prompt)
    telemetry.shutdown()
    sent = gateway.sent
    print(f"sent {sent.requests} requests ({sent.errors} errors), {sent.logs} logs, {sent.spans} spans")


if __name__ == "__main__":
    main()
