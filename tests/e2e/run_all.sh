#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every end-to-end test on the built program, and the lint.
#
#   tests/e2e/run_all.sh RESULTS_FILE
#
# Appends one line "name passed failed skipped" a test file to RESULTS_FILE. Exits with 0 although tests
# fail, which is for the reader of the results to judge; with 1 when the tests could not be run at all.
set -uo pipefail
cd "$(dirname "$0")/../.."
. tools/setup.sh

[ $# -eq 1 ] || die "usage: tests/e2e/run_all.sh RESULTS_FILE"
results=$1
# Of one file, on a busy machine; beyond it something hangs.
FILE_TIMEOUT_SECONDS=900

requirements=(-r examples/llm_service/requirements.txt -r tests/e2e/requirements.txt)
python=.venv/bin/python
options=()

make_venv() {
  [ -x "$python" ] || python3 -m venv .venv || return 1
  "$python" -m pip install --quiet --disable-pip-version-check "${requirements[@]}"
}

if ! make_venv; then
  say "the Python packages cannot be installed (see above): tests that need them are skipped"
  options=(--packages-missing)
  [ -x "$python" ] || python=python3
fi

say "building the program"
bazel build --noshow_progress --noshow_loading_progress //cli:vigil ||
  { printf 'build 0 1 0\n' >>"$results"; exit 1; }

# gRPC's handlers of fork() would complain about each process that a test starts.
export GRPC_ENABLE_FORK_SUPPORT=0
for file in tests/lint/test_*.py tests/e2e/test_*.py; do
  name=$(basename "$file" .py)
  say "$name"
  timeout --kill-after=10 "$FILE_TIMEOUT_SECONDS" \
    "$python" tests/e2e/run_file.py "${options[@]}" "$file" "$results"
  # A run that was cut off or crashed has left no line.
  grep -q "^$name " "$results" || printf '%s 0 1 0\n' "$name" >>"$results"
done
