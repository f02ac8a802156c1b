// SPDX-License-Identifier: Apache-2.0
//
// What every key-value store must do. A store's own test names how to open it:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, KvConformanceTest, ::testing::Values(KvCase{...}),
//   KvCaseName);
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include <gtest/gtest.h>

#include "storage/kv/kv_store.h"

namespace vigil::storage {

struct KvCase {
  std::string name;
  // Opens a store in the directory, which is made if it is missing.
  std::function<absl::StatusOr<std::unique_ptr<KeyValueStore>>(const std::string& directory)> open;
  // Whether opening the directory again finds what was written.
  bool persistent = false;

  friend std::ostream& operator<<(std::ostream& out, const KvCase& c) { return out << c.name; }
};

inline std::string KvCaseName(const ::testing::TestParamInfo<KvCase>& info) {
  return info.param.name;
}

// A directory below $TEST_TMPDIR for the running test, empty at first.
std::string FreshDirectory(std::string_view name);

// "key=value" of each entry in order, joined by spaces.
std::string Dump(KeyValueStore& store, Family family, KeyRange range = {},
                 const KeyValueSnapshot* snapshot = nullptr);
// The same from the last to the first.
std::string DumpBackwards(KeyValueStore& store, Family family, KeyRange range = {});

class KvConformanceTest : public ::testing::TestWithParam<KvCase> {
 protected:
  void SetUp() override;
  void Reopen();
  // Writes "key=value" pairs in one batch each.
  void Put(Family family, const std::vector<std::string>& entries);

  std::string directory_;
  std::unique_ptr<KeyValueStore> store_;
};

// Not every test that links the suite runs it.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(KvConformanceTest);

}  // namespace vigil::storage
