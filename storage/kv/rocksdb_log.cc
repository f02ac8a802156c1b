// SPDX-License-Identifier: Apache-2.0
#include "storage/kv/rocksdb_log.h"

#include <cstdio>

#include "base/log.h"

namespace vigil::storage {
namespace {

// Longer messages are cut; they list files.
constexpr size_t kMaxMessageBytes = 1024;

}  // namespace

void RocksDbLog::Logv(const char* format, std::va_list arguments) {
  Logv(rocksdb::InfoLogLevel::WARN_LEVEL, format, arguments);
}

void RocksDbLog::Logv(const rocksdb::InfoLogLevel level, const char* format,
                      std::va_list arguments) {
  // Above errors stand headers, which describe the options at every start. What RocksDB warns of
  // (stalls, the torn end of a log) is for who looks into it.
  const bool error =
      level == rocksdb::InfoLogLevel::ERROR_LEVEL || level == rocksdb::InfoLogLevel::FATAL_LEVEL;
  if (!error && level != rocksdb::InfoLogLevel::WARN_LEVEL) return;
  char message[kMaxMessageBytes];
  std::vsnprintf(message, sizeof(message), format, arguments);
  Log(error ? LogLevel::kError : LogLevel::kDebug, "rocksdb", {{"text", message}});
}

}  // namespace vigil::storage
