// SPDX-License-Identifier: Apache-2.0
//
// Loops that are compiled a second time for processors with AVX2 and BMI2, which work on twice as
// many doubles at once and shift by a variable in one instruction. The program as a whole asks for
// less (x86-64-v2). What a loop computes is the same: there are no fused multiplications.
//
//   const double largest = Wide(
//       [](std::span<const double> values) {
//         double largest = 0;
//         for (const double value : values) largest = std::max(largest, value);
//         return largest;
//       },
//       values);
#pragma once

#include <type_traits>

namespace vigil {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

namespace internal {

inline bool HasWideInstructions() {
  static const bool has = __builtin_cpu_supports("avx2") != 0 &&
                          __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
  return has;
}

// With all that `work` calls in line.
template <typename Work, typename... Arguments>
[[gnu::target("avx2,bmi,bmi2"), gnu::flatten, gnu::noinline]] auto RunWide(const Work& work,
                                                                           Arguments... arguments) {
  return work(arguments...);
}

}  // namespace internal

// Gives what work(arguments...) gives: a loop long enough to be worth a call, and nothing that is
// large besides, as whatever it calls is compiled in line. It must not capture anything: what a
// lambda holds by reference is in memory, where it might be what the loop writes, and then the loop
// works on one value after the other.
template <typename Work, typename... Arguments>
auto Wide(const Work& work, Arguments... arguments) {
  static_assert(std::is_empty_v<Work>, "pass what is captured as arguments");
  return internal::HasWideInstructions() ? internal::RunWide(work, arguments...)
                                         : work(arguments...);
}

#else

template <typename Work, typename... Arguments>
auto Wide(const Work& work, Arguments... arguments) {
  static_assert(std::is_empty_v<Work>, "pass what is captured as arguments");
  return work(arguments...);
}

#endif

}  // namespace vigil
