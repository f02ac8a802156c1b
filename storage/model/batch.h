// SPDX-License-Identifier: Apache-2.0
//
// What goes with a batch that is written: a token that recognises it when it is sent again, and the
// account of what became of it.
#pragma once

#include <cstdint>
#include <string>

namespace vigil::storage {

// Tells the store what a batch is, so that sending it again does not store it again. Kept with the
// batch in the journal.
struct BatchToken {
  enum class Kind : uint8_t {
    kNone = 0,    // Stored as often as it comes.
    kDigest = 1,  // A hash of the request: the same bytes again within ten minutes are recognised.
    kNumber = 2,  // (source, number): the numbers of one source rise.
  };
  Kind kind = Kind::kNone;
  std::string source;   // kDigest: the 16 hash bytes. kNumber: names the sender and its stream.
  uint64_t number = 0;  // kNumber only.
};

// What became of a batch that was stored. What was refused cost only itself.
struct WriteResult {
  int64_t rejected = 0;
  // Why, for the first kind of refusal met; "" if none.
  std::string rejection_reason;
  // The batch had been stored before (see BatchToken); nothing was stored now.
  bool duplicate = false;
};

}  // namespace vigil::storage
