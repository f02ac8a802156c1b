// SPDX-License-Identifier: Apache-2.0
//
// Scrapes as requests of a protocol.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "benchmarks/load/data_set.h"

namespace vigil::load {

// Collects scrapes of one data set into a request. Not thread-safe.
class Encoder {
 public:
  virtual ~Encoder() = default;
  // Adds a scrape to the request.
  virtual void Add(const DataSet& data, const Scrape& scrape) = 0;
  // The body of the request, which is begun anew. What it costs a client to send it (compression)
  // is in it.
  virtual std::string Take() = 0;
};

// prometheus.WriteRequest in snappy's block format: a TimeSeries with one sample for each series of
// a scrape, as scrapers send them.
std::unique_ptr<Encoder> MakeRemoteWriteEncoder();
// ExportMetricsServiceRequest: a ResourceMetrics for each scrape.
std::unique_ptr<Encoder> MakeOtlpEncoder();

}  // namespace vigil::load
