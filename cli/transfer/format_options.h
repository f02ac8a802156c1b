// SPDX-License-Identifier: Apache-2.0
//
// What `vigil import` and `vigil export` are told alike: which text it is.
#pragma once

#include <string>
#include <string_view>

#include <CLI/App.hpp>

namespace vigil::cli {

enum class TextFormat { kJsonLines, kOpenMetrics };

// The format that a file's name tells (".gz" aside): JSON lines for ".jsonl", ".ndjson" and
// ".json", OpenMetrics for ".om", ".openmetrics", ".prom" and ".txt"; JSON lines for all others.
TextFormat FormatOfName(std::string_view path);

struct FormatOptions {
  std::string name;  // "" if it is not given.

  void AddTo(CLI::App* command);
  TextFormat Resolve(std::string_view path) const;
};

}  // namespace vigil::cli
