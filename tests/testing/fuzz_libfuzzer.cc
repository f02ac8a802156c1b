// SPDX-License-Identifier: Apache-2.0
//
// Lets libFuzzer begin with the seeds of a fuzz file: they are written to a directory, which is
// given to it behind its other arguments. What it finds goes into the first directory, which is
// this one unless another is given.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/testing/fuzz.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  static std::string directory =
      (std::filesystem::temp_directory_path() / "vigil-fuzz-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) {
    std::perror(directory.c_str());
    return 1;
  }
  size_t number = 0;
  for (const std::string& seed : vigil::testing::FuzzSeeds()) {
    std::ofstream(directory + "/" + std::to_string(number++), std::ios::binary) << seed;
  }
  static std::vector<char*> arguments(*argv, *argv + *argc);
  arguments.push_back(directory.data());
  *argc = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  *argv = arguments.data();
  return 0;
}
