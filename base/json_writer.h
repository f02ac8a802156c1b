// SPDX-License-Identifier: Apache-2.0
//
// JSON text, written front to back: no tree, no allocation per value. The spelling is the one that
// users of the Prometheus API know, down to its escapes and numbers.
//
//   JsonWriter json(&text);
//   json.BeginObject();
//   json.Key("name");
//   json.Text("a<b");
//   json.EndObject();  // {"name":"a\u003cb"}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vigil {

// Puts in the commas; that what is begun is ended, and that keys stand before values, is for the
// caller to see to. Appends to a text that is the caller's, who may take it away between calls.
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(*out) {}

  void BeginObject() { Begin('{'); }
  void EndObject() { End('}'); }
  void BeginArray() { Begin('['); }
  void EndArray() { End(']'); }

  // Requires: `name` needs no escapes.
  void Key(std::string_view name);
  // One of the user's.
  void EscapedKey(std::string_view name);

  // Members of an object: a key that needs no escapes and its value.
  void TextMember(std::string_view key, std::string_view text) {
    Key(key);
    Text(text);
  }
  void IntMember(std::string_view key, int64_t number) {
    Key(key);
    Int(number);
  }
  void BoolMember(std::string_view key, bool flag) {
    Key(key);
    Bool(flag);
  }

  // Quotes, backslashes and control characters escaped, and what a page of HTML or a script would
  // take for its own: <, >, & and the line separators U+2028 and U+2029.
  void Text(std::string_view text);
  // The same with HTML's characters as they are: labels in results are written so.
  void LabelText(std::string_view text);
  void Int(int64_t number);
  // Shortest digits that read back, as FormatValue. Requires: finite.
  void Number(double number);
  void Bool(bool flag) { Raw(flag ? "true" : "false"); }
  void Null() { Raw("null"); }
  // A piece of JSON.
  void Raw(std::string_view json);

  // As the Prometheus API writes the value of a sample: FormatValue in quotes.
  void SampleValue(double value);
  // Milliseconds as seconds with three decimals, or none: 1435781451.080, 1435781451.
  void SampleTime(int64_t time_ms);

 private:
  void Begin(char bracket);
  void End(char bracket);
  void Separate() {
    if (follows_) out_.push_back(',');
    follows_ = true;
  }

  std::string& out_;
  bool follows_ = false;  // A value stands before the next one.
};

}  // namespace vigil
