# SPDX-License-Identifier: Apache-2.0
"""Spans as OTLP has them, with everything on them: what is sent is what `vigil trace` gives back."""

import time
import unittest

import otlp_client
from vigil_process import Vigil

TRACE_ID = bytes.fromhex("5b8efff798038103d269b633813fc60c")
SPAN_ID = bytes.fromhex("eee19b7ec3c1b174")
OTHER_TRACE_ID = bytes(range(16))
OTHER_SPAN_ID = bytes(range(8))
SERVER = 2
ERROR = 2


def set_attributes(target, attributes):
    for name, value in attributes.items():
        kind = {bool: "bool_value", int: "int_value", float: "double_value", bytes: "bytes_value", str: "string_value"}
        setattr(target.add(key=name).value, kind[type(value)], value)


class SpansTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vigil = cls.enterClassContext(Vigil())
        cls.client = cls.enterClassContext(otlp_client.Client(cls.vigil.grpc_address))

    def test_all_of_a_span_comes_back(self):
        now = time.time_ns()
        request, scope = otlp_client.traces_request("shop")
        scope.scope.name, scope.scope.version = "lib", "1.2"
        set_attributes(scope.scope.attributes, {"tuned": True})
        span = otlp_client.add_span(scope, TRACE_ID, SPAN_ID, now, "GET /")
        span.kind, span.trace_state, span.flags = SERVER, "a=b,c=d", 0x301
        span.status.code, span.status.message = ERROR, "boom"
        set_attributes(span.attributes, {"text": "x", "whole": 5, "part": 2.5, "raw": b"\1\2"})
        items = span.attributes.add(key="items").value.array_value.values
        items.add().string_value, items.add().int_value = "x", 1
        span.attributes.add(key="none")
        span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count = 1, 2, 3
        event = span.events.add(name="retry", time_unix_nano=now + 1, dropped_attributes_count=4)
        set_attributes(event.attributes, {"attempt": 2})
        link = span.links.add(trace_id=OTHER_TRACE_ID, span_id=OTHER_SPAN_ID, trace_state="e=f", flags=1)
        link.dropped_attributes_count = 5
        set_attributes(link.attributes, {"why": "batch"})
        self.assertEqual((0, ""), self.client.export(otlp_client.TRACES, request))

        (found,) = self.vigil.ask("trace", TRACE_ID.hex())["data"]["spans"]
        expected = {
            "traceId": TRACE_ID.hex(),
            "spanId": SPAN_ID.hex(),
            "parentSpanId": "",
            "traceState": "a=b,c=d",
            "flags": 0x301,
            "name": "GET /",
            "kind": SERVER,
            "startTimeUnixNano": str(now),
            "endTimeUnixNano": str(now + otlp_client.NANOS_PER_MILLI),
            "status": {"code": "ERROR", "message": "boom"},
            "attributes": {
                "text": "x",
                "whole": "5",
                "part": "2.5",
                "raw": "AQI=",
                "items": '["x",1]',
                "none": "",
            },
            "resource": {"service.name": "shop", "service.instance.id": "1"},
            "scope": "lib",
            "scopeVersion": "1.2",
            "scopeAttributes": {"tuned": "true"},
            "events": [
                {
                    "timeUnixNano": str(now + 1),
                    "name": "retry",
                    "attributes": {"attempt": "2"},
                    "droppedAttributesCount": 4,
                }
            ],
            "links": [
                {
                    "traceId": OTHER_TRACE_ID.hex(),
                    "spanId": OTHER_SPAN_ID.hex(),
                    "traceState": "e=f",
                    "flags": 1,
                    "attributes": {"why": "batch"},
                    "droppedAttributesCount": 5,
                }
            ],
            "droppedAttributesCount": 1,
            "droppedEventsCount": 2,
            "droppedLinksCount": 3,
        }
        self.assertEqual(expected, found)
        text = self.vigil.run("trace", TRACE_ID.hex()).out
        self.assertIn("GET / [shop] SERVER", text)
        self.assertIn(f"-> {OTHER_TRACE_ID.hex()}/{OTHER_SPAN_ID.hex()} why=batch", text)


if __name__ == "__main__":
    unittest.main()
