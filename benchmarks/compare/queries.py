# SPDX-License-Identifier: Apache-2.0
"""The range queries whose latency is compared: a fixed list for each kind of data, cheap ones first.

Only what all systems understand alike. `WINDOW` stands for the window of rates.
"""

# The fleet of prepare_load, from one series of one service to all histograms of all services.
FLEET = [
    'llm_tokens_total{job="llm-service-007",model="gpt-4o",operation="chat",direction="input",route="/v1/route-0"}',
    'sum(rate(llm_requests_total{job="llm-service-007"}[WINDOW]))',
    '{job="llm-service-007",model="gpt-4o"}',
    'count(llm_requests_in_flight{job=~"llm-service-0[0-4].*"})',
    "sum by (model) (rate(llm_tokens_total[WINDOW]))",
    "avg by (provider) (avg_over_time(llm_kv_cache_usage_ratio[WINDOW]))",
    'sum by (region) (rate(llm_requests_total{status="error"}[WINDOW])) / sum by (region) (rate(llm_requests_total[WINDOW]))',
    "topk(5, sum by (job) (rate(llm_cost_dollars_total[WINDOW])))",
    "histogram_quantile(0.95, sum by (le, model) (rate(llm_request_duration_seconds_bucket[WINDOW])))",
]

# The recording of a machine and two servers.
RECORDING = [
    "node_load1",
    'sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[WINDOW]))',
    "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
    'rate(node_network_receive_bytes_total{device!="lo"}[WINDOW])',
    "sum by (handler) (rate(prometheus_http_request_duration_seconds_count[WINDOW]))",
    "histogram_quantile(0.9, sum by (le, handler) (rate(prometheus_http_request_duration_seconds_bucket[WINDOW])))",
    "topk(5, sum by (path) (rate(vm_http_requests_total[WINDOW])))",
    '{__name__=~"go_memstats_.*_bytes"}',
]

STEP_MS = 15_000
MAX_RANGE_MS = 6 * 3_600_000


def plan(data, first_ms, last_ms):
    """(queries, start, end, step), as arguments of query_load say them: the end of the data, six hours at most."""
    queries = FLEET if data in ("fleet", "million") else RECORDING
    start_ms = max(first_ms, last_ms - MAX_RANGE_MS)
    return [query.replace("WINDOW", "1m") for query in queries], start_ms, last_ms, STEP_MS
