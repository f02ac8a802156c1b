// SPDX-License-Identifier: Apache-2.0
//
// Replays a fuzz entry point without a fuzzer: over its seeds, over the files of the directories
// that are given as arguments, and over mutations of both. VIGIL_FUZZ_SEED and VIGIL_FUZZ_RUNS
// change which mutations and how many; each has a seed of its own, which a crash prints, so that
// VIGIL_FUZZ_SEED=<that> VIGIL_FUZZ_RUNS=1 repeats it alone.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/file.h"
#include "base/status.h"
#include "tests/testing/fuzz.h"

namespace vigil::testing {
namespace {

constexpr uint64_t kDefaultSeed = 20260102;
constexpr uint64_t kDefaultRuns = 20'000;
constexpr size_t kMaxRandomBytes = 512;

// What the running input is called. Written before the run, since a signal handler may not format.
std::string g_running;

void TellRunning(int signal) {
  // Nothing can be done if even this fails.
  if (write(STDERR_FILENO, g_running.data(), g_running.size()) < 0) _exit(1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

uint64_t FromEnvironment(const char* name, uint64_t fallback) {
  const char* const text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

void Run(const std::string& input, std::string name) {
  g_running = std::move(name);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::string RandomBytes(std::mt19937_64* random) {
  std::string bytes((*random)() % kMaxRandomBytes, '\0');
  for (char& byte : bytes) byte = static_cast<char>((*random)());
  return bytes;
}

absl::StatusOr<std::vector<std::string>> LoadCorpus(const std::vector<std::string>& directories) {
  std::vector<std::string> corpus = FuzzSeeds();
  for (const std::string& directory : directories) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> paths, Glob(directory + "/*"));
    for (const std::string& path : paths) {
      VIGIL_ASSIGN_OR_RETURN(std::string input, ReadFile(path));
      corpus.push_back(std::move(input));
    }
  }
  return corpus;
}

void Replay(const std::vector<std::string>& corpus) {
  for (size_t i = 0; i < corpus.size(); ++i) {
    Run(corpus[i], fmt::format("died in input {} of the corpus\n", i));
  }
  const uint64_t first_seed = FromEnvironment("VIGIL_FUZZ_SEED", kDefaultSeed);
  const uint64_t runs = FromEnvironment("VIGIL_FUZZ_RUNS", kDefaultRuns);
  fmt::print("{} inputs, {} mutations from VIGIL_FUZZ_SEED={}\n", corpus.size(), runs, first_seed);
  for (uint64_t seed = first_seed; seed < first_seed + runs; ++seed) {
    std::mt19937_64 random(seed);
    const bool mutate = !corpus.empty() && random() % 8 != 0;
    Run(mutate ? Mutate(corpus[random() % corpus.size()], &random) : RandomBytes(&random),
        fmt::format("died at VIGIL_FUZZ_SEED={}\n", seed));
  }
}

int Main(const std::vector<std::string>& directories) {
  const absl::StatusOr<std::vector<std::string>> corpus = LoadCorpus(directories);
  if (!corpus.ok()) {
    fmt::print(stderr, "{}\n", MessageOf(corpus.status()));
    return 1;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal, TellRunning);
  }
  Replay(*corpus);
  return 0;
}

}  // namespace
}  // namespace vigil::testing

int main(int argc, char** argv) { return vigil::testing::Main({argv + 1, argv + argc}); }
