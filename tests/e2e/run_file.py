#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one file of unittest cases and appends "name passed failed skipped" to a results file.

A file that cannot be imported because a package is missing counts as failed; with --packages-missing, which
says that packages could not be had, it counts as skipped.
"""

import argparse
import importlib.util
import pathlib
import sys
import unittest


class Result(unittest.TextTestResult):
    """Names each test as it ends, so that a run that hangs shows where."""

    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    @property
    def failed(self):
        return len(self.failures) + len(self.errors) + len(self.unexpectedSuccesses)


def load(path):
    """The module in the file; its neighbours can be imported as in a run of the file itself."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def missing_package(path):
    """The name of the package for which the file cannot be loaded, or None."""
    try:
        load(path)
    except ModuleNotFoundError as error:
        return error.name
    return None


def run(path):
    suite = unittest.defaultTestLoader.loadTestsFromModule(load(path))
    result = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(suite)
    return result.passed, result.failed, len(result.skipped) + len(result.expectedFailures)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages-missing", action="store_true")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("results", type=pathlib.Path)
    options = parser.parse_args()
    package = missing_package(options.file) if options.packages_missing else None
    if package:
        print(f"SKIPPED {options.file.stem}: it needs the Python package {package}", file=sys.stderr)
        counts = 0, 0, 1
    else:
        counts = run(options.file)
    with options.results.open("a", encoding="utf-8") as results:
        print(options.file.stem, *counts, file=results)
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
