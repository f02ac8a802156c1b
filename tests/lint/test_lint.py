#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the tree is tidy: formatting, sizes, layering, words. Prints what is not, one line each.

Run from the top of the tree by tests/e2e/run_all.sh; needs git and clang-format.
"""

import collections
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("alerting", "base", "cli", "collector", "query", "server", "storage")

# Lines at which a file is too long to be read in one go.
MAX_SOURCE_LINES = 800
MAX_HEADER_LINES = 400

# What may be included where: pattern of the include -> folders that may.
INCLUDE_OWNERS = {
    r"rocksdb/": ("storage/kv/", "tests/storage/kv/"),
    r"grpcpp/": ("benchmarks/", "cli/", "collector/", "server/", "tests/"),
    r"boost/": ("server/http/", "tests/server/http/"),
    r"curl/": ("alerting/notify/", "base/curl_loop", "base/http/", "benchmarks/load/", "collector/http/", "tests/"),
    r"yaml-cpp/": (
        "alerting/", "base/http/", "base/yaml_map", "benchmarks/", "collector/", "server/config", "storage/relabel/relabel_config",
        "tests/",
    ),
    r"(server|cli)/": ("cli/", "server/", "tests/"),
    r"collector/": ("benchmarks/", "collector/", "server/", "tests/"),
    r"alerting/": ("alerting/", "benchmarks/", "cli/", "server/", "tests/"),
    r"histedit": ("cli/shell/",),
    # The shell completes queries by their grammar.
    r"query/": ("alerting/", "benchmarks/", "cli/shell/", "query/", "server/", "tests/"),
}

FORBIDDEN_TEXT = {
    r"\babsl::Mutex\b(?! )": "ThreadSanitizer cannot see it: use base/mutex.h",
    r"\b(TODO|FIXME|XXX)\b": "say it in docs/roadmap.md",
    r"\bstd::rand\b|\bsrand\(": "randomness is injected, with a seed",
}


def tracked(*suffixes):
    """Files that git tracks, as paths relative to the top."""
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    paths = [pathlib.Path(line) for line in listing.stdout.splitlines()]
    return [path for path in paths if path.suffix in suffixes or path.name in suffixes]


def package_of(path):
    """The nearest folder above `path` that is a package."""
    return next(folder for folder in path.parents if (ROOT / folder / "BUILD.bazel").exists())


class LintTest(unittest.TestCase):
    def report(self, findings):
        self.assertEqual([], findings, "\n" + "\n".join(findings))

    def test_cpp_is_formatted(self):
        files = [str(path) for path in tracked(".h", ".cc")]
        result = subprocess.run(
            ["clang-format-14", "--dry-run", "--Werror", *files],
            cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False,
        )
        self.report([line for line in result.stderr.splitlines() if "error:" in line])

    def test_files_are_readable_in_one_go(self):
        findings = []
        for path in tracked(".h", ".cc"):
            lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
            most = MAX_HEADER_LINES if path.suffix == ".h" else MAX_SOURCE_LINES
            if lines > most:
                findings.append(f"{path}: {lines} lines, at most {most}")
        self.report(findings)

    def test_every_file_names_its_licence(self):
        findings = []
        for path in tracked(".h", ".cc", ".proto", ".py"):
            if "SPDX-License-Identifier" not in (ROOT / path).read_text(encoding="utf-8")[:200]:
                findings.append(f"{path}: no SPDX line")
        self.report(findings)

    def test_headers_guard_themselves(self):
        self.report([
            f"{path}: no #pragma once"
            for path in tracked(".h")
            if "#pragma once" not in (ROOT / path).read_text(encoding="utf-8")
        ])

    def test_includes_keep_to_the_layers(self):
        findings = []
        for path in tracked(".h", ".cc"):
            for line in (ROOT / path).read_text(encoding="utf-8").splitlines():
                include = re.match(r'#include [<"]([^>"]+)[>"]', line)
                if include is None:
                    continue
                for pattern, owners in INCLUDE_OWNERS.items():
                    if re.match(pattern, include[1]) and not str(path).startswith(owners):
                        findings.append(f"{path}: may not include {include[1]}")
        self.report(findings)

    def test_forbidden_text(self):
        findings = []
        for path in tracked(".h", ".cc"):
            for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
                code = line if "absl::Mutex" not in line else line.split("//")[0]
                for pattern, reason in FORBIDDEN_TEXT.items():
                    if re.search(pattern, code):
                        findings.append(f"{path}:{number}: {reason}")
        self.report(findings)

    def test_every_folder_is_tested(self):
        # A folder without a BUILD file belongs to the package above it.
        folders = collections.Counter(str(package_of(path)) for path in tracked(".cc"))
        tested = {
            str(path.parent).removeprefix("tests/")
            for path in tracked(".cc")
            if str(path).startswith("tests/") and path.stem.endswith("_test")
        }
        # Command-line glue is driven by tests/e2e.
        exempt = {"cli/demo", "server/grpc", "alerting"}
        self.report([
            f"{folder}: {count} sources, no test in tests/{folder}"
            for folder, count in sorted(folders.items())
            if folder.startswith(CODE_FOLDERS) and folder not in tested | exempt
        ])

    def test_build_files_say_what_they_hold(self):
        self.report([
            f"{path}: does not open with a comment"
            for path in tracked("BUILD.bazel")
            if not (ROOT / path).read_text(encoding="utf-8").startswith("#")
        ])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
