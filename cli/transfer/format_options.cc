// SPDX-License-Identifier: Apache-2.0
#include "cli/transfer/format_options.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

namespace vigil::cli {

TextFormat FormatOfName(std::string_view path) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  for (const std::string_view ending : {".om", ".openmetrics", ".prom", ".txt"}) {
    if (path.ends_with(ending)) return TextFormat::kOpenMetrics;
  }
  return TextFormat::kJsonLines;
}

void FormatOptions::AddTo(CLI::App* command) {
  command
      ->add_option("--format", name,
                   "jsonl or openmetrics (default: by the file's name, else jsonl)")
      ->check(CLI::IsMember({"jsonl", "openmetrics"}));
}

TextFormat FormatOptions::Resolve(std::string_view path) const {
  if (name.empty()) return FormatOfName(path);
  return name == "openmetrics" ? TextFormat::kOpenMetrics : TextFormat::kJsonLines;
}

}  // namespace vigil::cli
