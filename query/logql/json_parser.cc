// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "query/logql/field_parsers.h"

namespace vigil::logql {
namespace {

constexpr std::string_view kError = "JSONParserErr";

// Gets the values of a JSON text as they are read, without recursion and without a tree.
class FieldCollector final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit FieldCollector(LogLine* line) : line_(line) {}

  bool null() override { return true; }
  bool boolean(bool value) override { return Add(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Add(fmt::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return Add(fmt::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return Add(text); }
  bool string(string_t& text) override { return Add(text); }
  bool binary(binary_t&) override { return true; }

  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }

  bool start_object(size_t) override {
    if (skipped_levels_ > 0) {
      ++skipped_levels_;
      return true;
    }
    prefix_lengths_.push_back(prefix_.size());
    if (prefix_lengths_.size() > 1) prefix_ += key_ + "_";
    // No field below can have a name that is kept, so do not spend memory on it.
    if (prefix_.size() > kMaxFieldNameBytes) {
      prefix_.resize(prefix_lengths_.back());
      prefix_lengths_.pop_back();
      skipped_levels_ = 1;
    }
    return true;
  }

  bool end_object() override {
    if (skipped_levels_ > 0) {
      --skipped_levels_;
    } else {
      prefix_.resize(prefix_lengths_.back());
      prefix_lengths_.pop_back();
    }
    return true;
  }

  bool start_array(size_t) override {
    ++skipped_levels_;
    return true;
  }

  bool end_array() override {
    --skipped_levels_;
    return true;
  }

  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    line_->SetError(kError, error.what());
    return false;
  }

 private:
  bool Add(std::string_view value) {
    if (skipped_levels_ == 0) line_->AddParsed(prefix_ + key_, value);
    return true;
  }

  LogLine* const line_;
  std::string key_;
  std::string prefix_;
  std::vector<size_t> prefix_lengths_;  // Of the prefix around each open object.
  size_t skipped_levels_ = 0;           // Open arrays, and whatever is in them.
};

}  // namespace

bool JsonParser::Process(LogLine* line) const {
  const std::string& text = line->text();
  if (!Trim(text).starts_with("{")) {
    line->SetError(kError, "the line is not a JSON object");
    return true;
  }
  FieldCollector collector(line);
  if (IsValidUtf8(text)) {
    nlohmann::json::sax_parse(text, &collector);
  } else {
    nlohmann::json::sax_parse(ReplaceInvalidUtf8(text), &collector);
  }
  return true;
}

}  // namespace vigil::logql
