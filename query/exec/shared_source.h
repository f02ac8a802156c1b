// SPDX-License-Identifier: Apache-2.0
//
// A shared vector as series that are taken one by one.
#pragma once

#include <memory>
#include <vector>

#include "query/exec/series_source.h"
#include "query/exec/shared_values.h"

namespace vigil::exec {

// Borrows the vector.
class SharedSource final : public SeriesSource {
 public:
  explicit SharedSource(const SharedVector& vector) : vector_(vector) {}

  size_t size() const override { return vector_.series().size(); }
  std::vector<uint32_t> ReadOrder() const override { return {}; }
  const storage::Labels& labels(size_t series) const override {
    return vector_.series()[series].labels;
  }
  storage::Labels TakeLabels(size_t series) override { return labels(series); }
  bool DropsName() const override { return false; }
  // Names that a node drops are gone already.
  bool SeveralNames() const override { return false; }
  absl::StatusOr<std::unique_ptr<SeriesReader>> NewReader() const override {
    return std::make_unique<Reader>(vector_);
  }

 private:
  class Reader final : public SeriesReader {
   public:
    explicit Reader(const SharedVector& vector) : vector_(vector) {}
    absl::Status Read(size_t series, Column* column) override {
      *column = vector_.series()[series].column;
      return absl::OkStatus();
    }

   private:
    const SharedVector& vector_;
  };

  const SharedVector& vector_;
};

}  // namespace vigil::exec
