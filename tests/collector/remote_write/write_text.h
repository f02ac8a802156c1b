// SPDX-License-Identifier: Apache-2.0
//
// Writes as protobuf text, made into bytes by libprotobuf.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>

#include <google/protobuf/text_format.h>
#include <prometheus/remote_write.pb.h>
#include <snappy.h>

#include <fmt/format.h>

#include "base/status.h"
#include "tests/storage/storage_harness.h"

namespace vigil::collector::testing {

// The bytes of the message that `text` spells, where "@N" is the instant N milliseconds after
// kStartMs. Ends the test program if it spells none.
template <typename Message = prometheus::WriteRequest>
std::string BytesOf(const std::string& text) {
  std::string replaced;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '@' || i + 1 == text.size() || std::isdigit(text[i + 1]) == 0) {
      replaced += text[i];
      continue;
    }
    const size_t end = std::min(text.size(), text.find_first_not_of("0123456789", i + 1));
    replaced += fmt::to_string(storage::testing::kStartMs + std::stoll(text.substr(i + 1)));
    i = end - 1;
  }
  Message message;
  VIGIL_CHECK(google::protobuf::TextFormat::ParseFromString(replaced, &message));
  return message.SerializeAsString();
}

inline std::string Compress(const std::string& bytes) {
  std::string compressed;
  snappy::Compress(bytes.data(), bytes.size(), &compressed);
  return compressed;
}

}  // namespace vigil::collector::testing
