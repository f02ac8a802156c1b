// SPDX-License-Identifier: Apache-2.0
//
// Loops that are compiled a second time for processors with AVX2 and BMI2, which work on twice as
// many doubles at once and shift by a variable in one instruction. The program as a whole asks for
// less (x86-64-v2). What a loop computes is the same: there are no fused multiplications.
//
//   Wide([&] {
//     for (size_t i = 0; i < size; ++i) sums[i] += values[i];
//   });
#pragma once

namespace vigil {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)

namespace internal {

inline bool HasWideInstructions() {
  static const bool has = __builtin_cpu_supports("avx2") != 0 &&
                          __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
  return has;
}

// With all that `work` calls in line.
template <typename Work>
[[gnu::target("avx2,bmi,bmi2"), gnu::flatten, gnu::noinline]] void RunWide(const Work& work) {
  work();
}

}  // namespace internal

// Calls `work`: a loop long enough to be worth a call, and nothing that is large besides, as
// whatever it calls is compiled in line.
template <typename Work>
void Wide(const Work& work) {
  if (internal::HasWideInstructions()) {
    internal::RunWide(work);
  } else {
    work();
  }
}

#else

template <typename Work>
void Wide(const Work& work) {
  work();
}

#endif

}  // namespace vigil
