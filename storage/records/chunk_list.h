// SPDX-License-Identifier: Apache-2.0
//
// Records in memory in the order they came. What is in the list neither moves nor changes, so a
// reader copies views of the chunks under the owner's lock and reads on without it while writers
// append.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace vigil::storage {

// `TimeOf(const T&)` gives a record's time in nanoseconds. Not thread-safe; views may be read while
// the list is appended to.
template <typename T>
class ChunkList {
 public:
  // The records that a chunk held when the view was made, and bounds of their times.
  struct View {
    std::shared_ptr<const std::vector<T>> chunk;  // Keeps `records` alive; read `records` only.
    std::span<const T> records;
    int64_t min_ns = std::numeric_limits<int64_t>::max();
    int64_t max_ns = std::numeric_limits<int64_t>::min();
  };

  // A batch from this size on becomes a chunk of its own, uncopied; smaller ones share chunks.
  static constexpr size_t kOwnChunk = 64;

  // Moves the records of `batch` to the list's end.
  void Append(std::vector<T> batch) {
    size_ += batch.size();
    if (batch.size() >= kOwnChunk) {
      AddChunk(std::move(batch));
      return;
    }
    for (T& record : batch) {
      if (views_.empty() || last_->size() == last_->capacity()) AddChunk(EmptyChunk());
      last_->push_back(std::move(record));
      Grow(&views_.back(), last_->back());
    }
  }

  const std::vector<View>& views() const { return views_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  // Chunks that are filled bit by bit double in size up to this many records, so that a list of few
  // records is small and one of many has few chunks.
  static constexpr size_t kMinCapacity = 4;
  static constexpr size_t kMaxCapacity = 256;

  std::vector<T> EmptyChunk() const {
    std::vector<T> chunk;
    chunk.reserve(std::clamp(size_, kMinCapacity, kMaxCapacity));
    return chunk;
  }

  void AddChunk(std::vector<T> records) {
    last_ = std::make_shared<std::vector<T>>(std::move(records));
    View view = {.chunk = last_, .records = {last_->data(), 0}};
    for (const T& record : *last_) Grow(&view, record);
    views_.push_back(std::move(view));
  }

  static void Grow(View* view, const T& record) {
    view->records = {view->records.data(), view->records.size() + 1};
    view->min_ns = std::min(view->min_ns, TimeOf(record));
    view->max_ns = std::max(view->max_ns, TimeOf(record));
  }

  size_t size_ = 0;
  std::vector<View> views_;
  std::shared_ptr<std::vector<T>> last_;  // Never grows beyond its capacity: its records stay put.
};

}  // namespace vigil::storage
