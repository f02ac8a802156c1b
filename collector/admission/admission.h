// SPDX-License-Identifier: Apache-2.0
//
// Admission control: bounds the bytes of requests that are being taken in, so that a flood is
// refused with "try again in a moment" before memory runs out.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace vigil::collector {

struct AdmissionOptions {
  // Bytes of requests between arrival and answer. Each costs some times its size while it is
  // decoded.
  size_t max_bytes_in_flight = 256 << 20;
  // The store's heads may take this much; beyond it senders wait until blocks are written.
  size_t max_head_bytes = 2ull << 30;
  // How long a refused sender is asked to wait.
  int64_t retry_after_ms = 1000;
};

// Thread-safe.
class Admission {
 public:
  explicit Admission(const AdmissionOptions& options) : options_(options) {}

  // Holds room for one request until destroyed.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Admission* admission, size_t bytes) : admission_(admission), bytes_(bytes) {}
    Ticket(Ticket&& other) noexcept : admission_(other.admission_), bytes_(other.bytes_) {
      other.admission_ = nullptr;
    }
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (admission_ != nullptr) admission_->in_flight_.fetch_sub(bytes_);
    }
    bool admitted() const { return admission_ != nullptr; }

   private:
    Admission* admission_ = nullptr;
    size_t bytes_ = 0;
  };

  // A ticket for `bytes` bytes; not admitted() when there is no room. A lone request that is larger
  // than the whole budget is let in: its size has its own limit.
  Ticket Admit(size_t bytes);

  // What the store's heads take now; told many times a second by whoever runs the store.
  void SetHeadBytes(size_t bytes) { head_bytes_.store(bytes, std::memory_order_relaxed); }

  const AdmissionOptions& options() const { return options_; }

 private:
  const AdmissionOptions options_;
  std::atomic<size_t> in_flight_{0};
  std::atomic<size_t> head_bytes_{0};
};

}  // namespace vigil::collector
