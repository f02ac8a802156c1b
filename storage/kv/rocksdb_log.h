// SPDX-License-Identifier: Apache-2.0
//
// RocksDB's own log, passed on to vigil's. It keeps no file: writing one to the disk that is full
// is an assertion failure in Debian's RocksDB, which would end the process.
#pragma once

#include <cstdarg>

#include <rocksdb/env.h>

namespace vigil::storage {

// Passes on errors, and warnings for debugging. Thread-safe.
class RocksDbLog final : public rocksdb::Logger {
 public:
  RocksDbLog() : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, std::va_list arguments) override;
  void Logv(const rocksdb::InfoLogLevel level, const char* format, std::va_list arguments) override;
};

}  // namespace vigil::storage
