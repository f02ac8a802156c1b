// SPDX-License-Identifier: Apache-2.0
#include "collector/discovery/file_discovery.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "base/file.h"
#include "base/status.h"
#include "tests/testing/status_matchers.h"

namespace vigil::collector {
namespace {

using ::testing::HasSubstr;
using vigil::testing::StatusIs;

class FileDiscoveryTest : public ::testing::Test {
 protected:
  FileDiscoveryTest() : directory_(std::string(std::getenv("TEST_TMPDIR")) + "/targets") {
    std::filesystem::remove_all(directory_);
    EXPECT_OK(MakeDirectories(directory_));
  }
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  void Write(const std::string& name, const std::string& text) const {
    EXPECT_OK(WriteFile(PathOf(name), text));
  }
  std::string Targets() const {
    std::string text;
    for (DiscoveredTarget target : discovery_.Targets()) {
      std::string line = target.ToString();
      const size_t at = line.find(directory_);
      if (at != std::string::npos) line.replace(at, directory_.size(), "D");
      text += line + "\n";
    }
    return text;
  }

  const std::string directory_;
  FileDiscovery discovery_{{{PathOf("*.json"), PathOf("one.yml")}, 60'000}};
};

TEST_F(FileDiscoveryTest, ReadsJsonAndYaml) {
  Write("a.json", "[\n\t{\"targets\": [\"a:1\", \"b:1\"], \"labels\": {\"zone\": \"eu\"}}\n]\n");
  Write("one.yml", "- targets: [c:1]\n- targets: ['d:1']\n  labels: {n: 5}\n");
  Write("other.yml", "- targets: [e:1]\n");
  EXPECT_TRUE(discovery_.Poll(0));
  EXPECT_EQ(Targets(),
            "{__address__=\"a:1\", __meta_filepath=\"D/a.json\", zone=\"eu\"}\n"
            "{__address__=\"b:1\", __meta_filepath=\"D/a.json\", zone=\"eu\"}\n"
            "{__address__=\"c:1\", __meta_filepath=\"D/one.yml\"}\n"
            "{__address__=\"d:1\", __meta_filepath=\"D/one.yml\", n=\"5\"}\n");
}

TEST_F(FileDiscoveryTest, SeesFilesComeChangeAndGo) {
  EXPECT_FALSE(discovery_.Poll(0));
  Write("a.json", R"([{"targets": ["a:1"]}])");
  EXPECT_TRUE(discovery_.Poll(1));
  EXPECT_FALSE(discovery_.Poll(2));
  Write("a.json", R"([{"targets": ["b:2"]}])");  // As long as before.
  EXPECT_TRUE(discovery_.Poll(3));
  EXPECT_THAT(Targets(), HasSubstr("b:2"));
  Write("b.json", "");
  EXPECT_FALSE(discovery_.Poll(4));
  std::filesystem::remove(PathOf("a.json"));
  EXPECT_TRUE(discovery_.Poll(5));
  EXPECT_EQ(Targets(), "");
}

TEST_F(FileDiscoveryTest, WhatIsMalformedChangesNothing) {
  Write("a.json", R"([{"targets": ["a:1"]}])");
  EXPECT_TRUE(discovery_.Poll(0));
  for (const char* const text : {"[{", "{}", "[{\"targets\": 5}]", "[{\"targets\": [], \"x\": 1}]",
                                 "[{\"targets\": [[]]}]", "[5]"}) {
    Write("a.json", text);
    EXPECT_FALSE(discovery_.Poll(1)) << text;
    EXPECT_THAT(Targets(), HasSubstr("a:1")) << text;
  }
  Write("a.json", "[]");
  EXPECT_TRUE(discovery_.Poll(2));
}

TEST_F(FileDiscoveryTest, ReadsAgainAfterTheInterval) {
  Write("a.json", R"([{"targets": ["a:1"]}])");
  EXPECT_TRUE(discovery_.Poll(0));
  EXPECT_FALSE(discovery_.Poll(60'000));  // Read, but the same.
  EXPECT_THAT(Targets(), HasSubstr("a:1"));
}

absl::Status StatusOf(const std::string& yaml) {
  YamlErrors errors("f.yaml");
  (void)ReadFileSdConfig(YAML::Load(yaml), "/etc", &errors);
  return errors.ToStatus();
}

TEST(FileSdConfigTest, PatternsAreRelativeToTheConfiguration) {
  YamlErrors errors("f.yaml");
  const FileSdConfig config = ReadFileSdConfig(
      YAML::Load("{files: [a/*.yml, /b.json], refresh_interval: 30s}"), "/etc", &errors);
  EXPECT_OK(errors.ToStatus());
  EXPECT_THAT(config.patterns, ::testing::ElementsAre("/etc/a/*.yml", "/b.json"));
  EXPECT_EQ(config.refresh_interval_ms, 30'000);
}

TEST(FileSdConfigTest, Mistakes) {
  const auto invalid = [](const char* text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(StatusOf("{}"), invalid("1:1: file_sd_configs needs a list of files"));
  EXPECT_THAT(StatusOf("{files: [a.txt]}"), invalid("1:10: this names no files of targets"));
  EXPECT_THAT(StatusOf("{files: ['*/a.json']}"), invalid("1:10: this names no files"));
  EXPECT_THAT(StatusOf("{files: [a.json], refresh_interval: 0s}"), invalid("more than 0"));
  EXPECT_THAT(StatusOf("{files: [a.json], interval: 1s}"), invalid("unknown field interval"));
}

}  // namespace
}  // namespace vigil::collector
