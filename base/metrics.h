// SPDX-License-Identifier: Apache-2.0
//
// Counters and gauges of vigil about itself, which `/metrics` exposes. A metric is made once (as a
// static of the file that counts) and lives as long as the process.
//
//   Counter& refused = GetCounter("vigil_refused_total", "Records refused.", "reason=\"limit\"");
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace vigil {

// Only goes up. Thread-safe, wait-free.
class Counter {
 public:
  void Add(int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// A value that moves. Thread-safe, wait-free.
class Gauge {
 public:
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void Add(int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// The metric of that name and those labels (`a="b",c="d"`, may be empty), made at first use. The
// same name and labels give the same metric. Thread-safe.
Counter& GetCounter(std::string_view name, std::string_view help, std::string_view labels = {});
Gauge& GetGauge(std::string_view name, std::string_view help, std::string_view labels = {});

// All metrics in the Prometheus text format 0.0.4, families sorted by name. Thread-safe.
std::string ExposeMetrics();

}  // namespace vigil
