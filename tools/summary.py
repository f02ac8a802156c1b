#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up test results and prints the closing line "N passed, N failed".

C++ results come from the XML that each test target leaves, one test case each; a target that left none
or crashed counts as one failure. Other test programs append lines "name passed failed skipped" to the
file given by --extra.
"""

import argparse
import pathlib
import subprocess
import sys
import xml.etree.ElementTree as ElementTree


def bazel_lines(*arguments):
    """Runs a Bazel query-like command and returns its output lines."""
    result = subprocess.run(
        ["bazel", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    return [line for line in result.stdout.splitlines() if line]


def target_result(logs, label):
    """(passed, failed) of one test target."""
    package, name = label.removeprefix("//").split(":")
    directory = logs / package / name
    # A target that is split leaves one for each part.
    paths = sorted(directory.glob("shard_*/test.xml")) or [directory / "test.xml"]
    passed = failed = 0
    for path in paths:
        try:
            root = ElementTree.parse(path).getroot()
        except (OSError, ElementTree.ParseError):
            return 0, 1
        for suite in root.iter("testsuite"):
            broken = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            failed += broken
            passed += int(suite.get("tests", 0)) - broken - int(suite.get("disabled", 0) or 0)
    if passed + failed == 0:
        passed = 1  # A program of no known test framework that exited with 0.
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bazel-exit", type=int, required=True)
    parser.add_argument("--extra", required=True)
    parser.add_argument("targets", nargs="+")
    options = parser.parse_args()

    logs = pathlib.Path(bazel_lines("info", "bazel-testlogs")[0])
    labels = bazel_lines("query", f"tests(set({' '.join(options.targets)}))")
    passed = failed = skipped = 0
    for label in labels:
        target_passed, target_failed = target_result(logs, label)
        if target_failed:
            print(f"FAILED {label}")
        passed += target_passed
        failed += target_failed
    for line in pathlib.Path(options.extra).read_text(encoding="utf-8").splitlines():
        name, extra_passed, extra_failed, extra_skipped = line.split()
        if int(extra_failed):
            print(f"FAILED {name}")
        passed += int(extra_passed)
        failed += int(extra_failed)
        skipped += int(extra_skipped)
    if options.bazel_exit not in (0,) and failed == 0:
        failed = 1  # The build failed before any test could.
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
