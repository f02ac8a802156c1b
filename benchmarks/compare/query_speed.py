#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast vigil, VictoriaMetrics and Prometheus answer the same questions about a day of the same data.

    bazel build //cli:vigil //benchmarks/load:all
    benchmarks/compare/fetch_peers.sh .peers
    benchmarks/compare/query_speed.py --dir DIRECTORY

The data are 20,000 series of an LLM fleet over 24 hours at 15 s, 115 M samples, by remote write. The first run fills the
directory, which takes a while; later ones ask what is there. Every system is asked through its Prometheus API, one
question after another, alone on the machine; each is asked once to warm up and then --repetitions times. A line of the
table has the median in milliseconds until the last byte is there, the medians of the others as multiples of vigil's,
and by how much resident memory peaked above what it was before the question: with --fresh, when each question goes to a
system that has just been started, above that of the system that has answered one about a single series, so that the
program's own pages do not count; else a system that keeps what it took for the questions before seems to need nothing.
Where answers differ in size it says so: then they answered different questions.
"""

import argparse
import http.client
import json
import math
import pathlib
import shutil
import statistics
import sys
import time
import urllib.parse

import compare
import systems

MIB = 1 << 20
HOUR = 3600
DAY = 24 * HOUR
STEP = 60


def over_a_day(query):
    return ("query_range", {"query": query, "step": STEP}, DAY)


def over_hours(hours, query, step=15):
    return ("query_range", {"query": query, "step": step}, hours * HOUR)


def at_the_end(query):
    return ("query", {"query": query}, 0)


ERRORS = 'sum by (job) (rate(llm_requests_total{status="error"}[5m]))'
ALL = "sum by (job) (rate(llm_requests_total[5m]))"

# What dashboards and alerts ask: path, parameters, seconds back from the end of the data.
QUESTIONS = [
    over_a_day('llm_tokens_total{job="llm-service-007",model="gpt-4o",operation="chat",direction="input"}'),
    over_hours(6, '{job="llm-service-007",model="gpt-4o"}'),
    over_a_day('sum(rate(llm_requests_total{job="llm-service-007"}[5m]))'),
    over_a_day("sum by (model) (rate(llm_tokens_total[5m]))"),
    over_a_day(
        "sum by (job) (rate(llm_request_duration_seconds_bucket[5m]))"
        " + sum by (job) (rate(llm_time_to_first_token_seconds_bucket[5m]))"
    ),
    over_a_day(ERRORS.replace("job", "region") + " / " + ALL.replace("job", "region")),
    over_a_day("topk(5, sum by (job) (rate(llm_cost_dollars_total[5m])))"),
    over_a_day("topk(10, llm_queue_depth)"),
    over_a_day("histogram_quantile(0.95, sum by (le, model) (rate(llm_request_duration_seconds_bucket[5m])))"),
    over_a_day(
        'histogram_quantile(0.99, sum by (le) (rate(llm_request_duration_seconds_bucket{job=~"llm-service-00.*"}[5m])))'
    ),
    over_a_day("avg by (provider) (avg_over_time(llm_kv_cache_usage_ratio[5m]))"),
    over_a_day('max by (region) (max_over_time(llm_requests_in_flight{model="gpt-4o"}[15m]))'),
    over_a_day("max by (model) (quantile_over_time(0.9, llm_queue_depth[10m]))"),
    over_a_day('count(llm_requests_in_flight{job=~"llm-service-0[0-2].*"})'),
    over_a_day(
        "sum by (job, model) (rate(llm_cost_dollars_total[5m])) / on (job) group_left () " + ALL
    ),
    over_hours(6, 'max_over_time(sum(rate(llm_requests_total{job="llm-service-007"}[5m]))[1h:1m])', step=60),
    at_the_end("sum by (model) (increase(llm_cost_dollars_total[1d]))"),
    at_the_end(f"{ERRORS} / {ALL} > 0.001"),
    ("label/model/values", {"match[]": "llm_tokens_total"}, DAY),
    ("series", {"match[]": 'llm_queue_depth{job=~"llm-service-00.*"}'}, DAY),
]


# Asked before, with --fresh.
FIRST_QUESTION = over_hours(1, 'sum(rate(llm_tokens_total{job="llm-service-001",model="gpt-4o",operation="chat",direction="input"}[5m]))')


def fill(options, name, requests, about):
    """The directory of a system with the data in it; one that is there stays."""
    directory = options.dir / name
    done = options.dir / f"{name}.filled"
    if done.exists():
        return
    system = systems.SYSTEMS[name](compare.binaries(options)[name], directory)
    shutil.rmtree(directory, ignore_errors=True)  # What an earlier attempt has left.
    directory.mkdir()
    system.start()
    try:
        begun = time.monotonic()
        compare.send(system, requests, about["protocol"], systems.SETTLE_SECONDS)
        system.settle()
        print(f"{name}: filled in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    finally:
        system.stop()
    done.touch()


def prepare(options):
    """Fills all directories; what prepare_load says of the data."""
    options.dir.mkdir(parents=True, exist_ok=True)
    kept = options.dir / "about.json"
    requests = options.dir / "requests.remote_write"
    if not kept.exists():
        requests, about = compare.prepare(options, "remote_write", options.dir)
        kept.write_text(json.dumps(about), encoding="ascii")
    about = json.loads(kept.read_text(encoding="ascii"))
    missing = [name for name in options.systems if not (options.dir / f"{name}.filled").exists()]
    if missing and not requests.exists():
        raise systems.Failure(f"{requests}, of which {' and '.join(missing)} would be filled, is gone: begin with an empty directory")
    for name in options.systems:
        fill(options, name, requests, about)
    if not options.keep_requests and all((options.dir / f"{name}.filled").exists() for name in systems.SYSTEMS
                                         if "remote_write" in systems.SYSTEMS[name].protocols):
        requests.unlink(missing_ok=True)
    return about


def url_of(question, about):
    path, parameters, back = question
    end = about["last_ms"] // 1000
    if path == "query":
        moment = {"time": end}
    else:
        moment = {"start": end - back, "end": end}
    # nocache: VictoriaMetrics and vigil are to compute each time, as Prometheus does.
    return f"/api/v1/{path}?" + urllib.parse.urlencode({**parameters, **moment, "nocache": 1})


def size_of(body):
    """How many series and points there are in an answer."""
    data = json.loads(body)["data"]
    if isinstance(data, list):
        return len(data), 0
    return len(data["result"]), sum(len(series.get("values", [0])) for series in data["result"])


def ask_once(system, url, timeout):
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=timeout)
    try:
        begun = time.perf_counter()
        connection.request("GET", url)
        response = connection.getresponse()
        body = response.read()
        took = time.perf_counter() - begun
    finally:
        connection.close()
    if response.status != 200:
        raise systems.Failure(f"{response.status}: {body[:300].decode(errors='replace')}")
    return took * 1000, body


def ask(options, system, question, about):
    """One question, as often as it is to be asked."""
    url = url_of(question, about)
    try:
        if options.fresh:
            ask_once(system, url_of(FIRST_QUESTION, about), options.timeout)
            before = system.memory("VmRSS")
        _, body = ask_once(system, url, options.timeout)
        if not options.fresh:
            before = system.memory("VmRSS")
        pathlib.Path(f"/proc/{system.process.pid}/clear_refs").write_text("5", encoding="ascii")
        milliseconds = [ask_once(system, url, options.timeout)[0] for _ in range(options.repetitions)]
    except (OSError, systems.Failure) as error:
        return {"error": " ".join(str(error).split())}
    return {
        "milliseconds": statistics.median(milliseconds),
        "all": milliseconds,
        "size": size_of(body),
        "memory_bytes": system.memory("VmHWM") - before,
    }


def ask_all(options, name, about):
    system = systems.SYSTEMS[name](compare.binaries(options)[name], options.dir / name)
    answers = []
    try:
        for question in QUESTIONS:
            if system.process is None:
                system.start()
                time.sleep(options.settle)
            answers.append(ask(options, system, question, about))
            print(f"  {name}: {question[1]}: {answers[-1].get('milliseconds', answers[-1])}", file=sys.stderr)
            if options.fresh:
                system.stop()
        return answers
    finally:
        system.stop()


def cell(answer, reference):
    if "error" in answer:
        return "FAILED: " + answer["error"].replace("|", " ")[:80]
    text = f"{answer['milliseconds']:.1f}"
    if reference is not answer and "error" not in reference:
        text += f" ({answer['milliseconds'] / reference['milliseconds']:.1f} x)"
    return f"{text}, {answer['memory_bytes'] / MIB:.0f} MiB"


def table(results):
    names = list(results)
    rows = []
    for i, (path, parameters, back) in enumerate(QUESTIONS):
        answers = [results[name][i] for name in names]
        sizes = {tuple(answer["size"]) for answer in answers if "size" in answer}
        question = parameters.get("query") or f"{path} of {parameters['match[]']}"
        span = {0: "now", DAY: "24 h"}.get(back, f"{back // HOUR} h")
        size = " or ".join(f"{series}, {points}" for series, points in sorted(sizes))
        rows.append([f"`{question}`".replace("|", "\\|"), span, size,
                     *[cell(answer, results[names[0]][i]) for answer in answers]])
    yield from compare.markdown(["question", "over", "series, points", *names], rows)


def summary(results):
    """Of each other system: the geometric mean of its multiples of the first, the least of them, and where memory is less."""
    (first, ours), *others = results.items()
    for name, theirs in others:
        pairs = [(mine, other) for mine, other in zip(ours, theirs) if "error" not in mine and "error" not in other]
        if not pairs:
            continue
        ratios = [other["milliseconds"] / mine["milliseconds"] for mine, other in pairs]
        mean = math.exp(statistics.fmean(map(math.log, ratios)))
        more = sum(mine["memory_bytes"] > other["memory_bytes"] for mine, other in pairs)
        yield (f"{name}: {mean:.2f} times {first}'s time in the geometric mean, from {min(ratios):.2f} to {max(ratios):.1f}; "
               f"{first} takes more memory for {more} of {len(pairs)} questions")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=pathlib.Path, required=True, help="where data are kept")
    parser.add_argument("--services", type=int, default=40, help="500 series each")
    parser.add_argument("--rounds", type=int, default=DAY // 15, help="samples of each series, 15 s apart")
    parser.add_argument("--systems", nargs="+", default=["vigil", "victoria-metrics", "prometheus"],
                        choices=["vigil", "victoria-metrics", "prometheus"])
    parser.add_argument("--fill-only", action="store_true", help="fill the directory and ask nothing")
    parser.add_argument("--keep-requests", action="store_true", help="keep the file of requests once all are filled")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--fresh", action="store_true", help="start each system anew before each question")
    parser.add_argument("--settle", type=float, default=5, help="seconds between start and the first question")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for an answer")
    parser.add_argument("--json", type=pathlib.Path, help="also write all figures to this file")
    parser.add_argument("--vigil", default=compare.BIN / "cli/vigil")
    parser.add_argument("--peers", default=systems.ROOT / ".peers", help="folder made by fetch_peers.sh")
    parser.add_argument("--prometheus", help="its binary, instead of that of the peers")
    parser.add_argument("--victoria-metrics", help="likewise")
    options = parser.parse_args()
    options.data, options.churn, options.copies = "fleet", 0, 1
    options.batch, options.connections = 10_000, 4
    about = prepare(options)
    if options.fill_only:
        return 0
    results = {name: ask_all(options, name, about) for name in options.systems}
    if options.json:
        options.json.write_text(json.dumps({"questions": QUESTIONS, "answers": results}, indent=1), encoding="ascii")
    print("\n".join([*table(results), "", *summary(results)]))
    return 1 if any("error" in answer for answers in results.values() for answer in answers) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except systems.Failure as failure:
        sys.exit(f"query_speed.py: {failure}")
