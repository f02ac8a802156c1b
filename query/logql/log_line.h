// SPDX-License-Identifier: Apache-2.0
//
// A log line on its way through a pipeline: the text and everything that can be filtered on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/series/labels.h"

namespace vigil::logql {

// Where pipelines leave what went wrong with a line; lines with errors are kept.
inline constexpr std::string_view kErrorField = "__error__";
inline constexpr std::string_view kErrorDetailsField = "__error_details__";

// Parsers add no more fields than this to one line, and none with a longer name: a line can be
// anything, and each stage looks through the fields.
inline constexpr size_t kMaxParsedFields = 1000;
inline constexpr size_t kMaxFieldNameBytes = 1024;

struct Field {
  std::string name;
  std::string value;    // Never empty: an empty field is none.
  bool parsed = false;  // From the line, as opposed to the record.
  friend bool operator==(const Field&, const Field&) = default;
};

// A value type.
class LogLine {
 public:
  // `stream` are the labels of the line's stream; they must outlive the line.
  explicit LogLine(const storage::Labels* stream) : stream_(stream) {}

  const std::string& text() const { return text_; }
  void set_text(std::string text) { text_ = std::move(text); }
  const storage::Labels& stream() const { return *stream_; }
  // Sorted by name.
  const std::vector<Field>& fields() const { return fields_; }

  // The field of that name, else the stream's label, else "".
  std::string_view Get(std::string_view name) const;

  // Sets a field of the record; the last one of a name counts.
  void SetField(std::string name, std::string value);
  // Adds what a parser found under `key`. The first value of a key counts, and a key that the
  // record or the stream has is kept apart by the suffix "_extracted".
  void AddParsed(std::string_view key, std::string_view value);
  // Sets the error fields, unless there is an error already. Requires: `details` is not empty.
  void SetError(std::string_view error, std::string_view details);

 private:
  std::vector<Field>::iterator Find(std::string_view name);
  void Insert(std::string name, std::string value, bool parsed);

  const storage::Labels* stream_;
  std::string text_;
  std::vector<Field> fields_;
  size_t parsed_fields_ = 0;
};

}  // namespace vigil::logql
