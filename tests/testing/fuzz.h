// SPDX-License-Identifier: Apache-2.0
//
// Fuzz entry points, and how inputs are made from others. A fuzz file defines
// LLVMFuzzerTestOneInput and FuzzSeeds. Under clang -fsanitize=fuzzer it is linked with libFuzzer;
// under g++ with fuzz_main.cc, which replays a corpus and then seeded mutations, so that it is an
// ordinary test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace vigil::testing {

// Valid inputs for mutations to begin from; each fuzz file defines it.
std::vector<std::string> FuzzSeeds();

// `input` with one to four bytes or runs changed, inserted, removed or repeated.
std::string Mutate(std::string input, std::mt19937_64* random);

}  // namespace vigil::testing
