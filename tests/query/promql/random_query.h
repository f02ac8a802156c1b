// SPDX-License-Identifier: Apache-2.0
//
// Random well-typed PromQL, to feed parsers and printers.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace vigil::promql {

// Writes queries by the grammar, in all its spellings: redundant blanks, comments, quotes and
// parentheses, keywords in any case, modifiers in any order.
class RandomQuery {
 public:
  explicit RandomQuery(uint64_t seed) : random_(seed) {}

  // An instant vector expression (or scalar) of some levels.
  std::string Vector(int levels);
  std::string Scalar(int levels);

 private:
  int Below(int bound) { return static_cast<int>(random_() % bound); }
  bool OneIn(int bound) { return Below(bound) == 0; }
  template <typename... Texts>
  std::string OneOf(Texts... texts) {
    const char* const all[] = {texts...};
    return all[Below(sizeof...(texts))];
  }

  std::string Gap();
  std::string Number();
  std::string String();
  std::string Duration();
  std::string DurationExpr(int levels);
  std::string Name();
  std::string Labels();
  std::string Selector();
  std::string Shift();
  std::string Matrix(int levels);
  std::string Binary(int levels);
  std::string Matching();
  std::string Aggregate(int levels);
  std::string Call(int levels);

  std::mt19937_64 random_;
};

}  // namespace vigil::promql
