// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/protobuf_reader.h"

#include <string>

#include <gmock/gmock.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <prometheus/metrics.pb.h>

#include "base/status.h"
#include "base/strings.h"
#include "tests/collector/exposition/read_all.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/text_test.h"

namespace vigil::collector {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;
using vigil::testing::TextCase;

// Families as protobuf text, parted by lines "---", each behind its length.
std::string BytesOf(const std::string& text) {
  std::string bytes;
  std::string family_text;
  const auto add = [&] {
    io::prometheus::client::MetricFamily family;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(family_text, &family));
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.WriteVarint32(static_cast<uint32_t>(family.ByteSizeLong()));
    family.SerializeToCodedStream(&out);
    family_text.clear();
  };
  for (const std::string_view line : Split(text, '\n')) {
    if (line == "---") {
      add();
    } else {
      family_text += line;
      family_text += '\n';
    }
  }
  add();
  return bytes;
}

std::string RunCase(const TextCase& text_case) {
  ExpositionOptions options;
  options.native_histograms = text_case.Arg("native", "yes") == "yes";
  options.always_classic_histograms = text_case.Arg("classic") == "always";
  const std::string bytes = BytesOf(text_case.input);
  const auto read = testing::ReadAll(MakeProtobufReader(bytes, options).get());
  return read.ok() ? testing::ToText(*read) : std::string(MessageOf(read.status()));
}

TEST(ProtobufReaderTest, Script) {
  vigil::testing::RunTextScript("tests/collector/exposition/testdata/protobuf_reader.txt", RunCase);
}

TEST(ProtobufReaderTest, KeysAreThoseOfSeries) {
  const std::string bytes = BytesOf(
      "name: 'h' type: HISTOGRAM metric { label { name: 'a' value: 'b' } histogram {"
      " sample_count: 1 bucket { cumulative_count: 1 upper_bound: 1 } } }"
      " metric { histogram { sample_count: 1 } }");
  ASSERT_OK_AND_ASSIGN(const testing::Exposition first,
                       testing::ReadAll(MakeProtobufReader(bytes, {}).get()));
  ASSERT_OK_AND_ASSIGN(const testing::Exposition second,
                       testing::ReadAll(MakeProtobufReader(bytes, {}).get()));
  StringSet keys;
  for (size_t i = 0; i < first.samples.size(); ++i) {
    EXPECT_EQ(first.samples[i].key, second.samples[i].key);
    EXPECT_TRUE(keys.insert(first.samples[i].key).second);
  }
}

TEST(ProtobufReaderTest, WhatIsCutShortIsRefused) {
  const std::string bytes = BytesOf(
      "name: 'a' type: GAUGE metric { gauge { value: 1 } }\n---\n"
      "name: 'b' type: COUNTER metric { counter { value: 1 exemplar { value: 2 } } }");
  const size_t first = 1 + static_cast<uint8_t>(bytes[0]);
  for (size_t size = 1; size < bytes.size(); ++size) {
    if (size == first) continue;
    EXPECT_THAT(testing::ReadAll(MakeProtobufReader(bytes.substr(0, size), {}).get()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("message ")))
        << size;
  }
}

}  // namespace
}  // namespace vigil::collector
