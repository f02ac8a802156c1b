// SPDX-License-Identifier: Apache-2.0
#include "server/library_log.h"

#include <string>

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include "base/log.h"

namespace vigil::server {
namespace {

LogLevel LevelOf(gpr_log_severity severity) {
  switch (severity) {
    case GPR_LOG_SEVERITY_DEBUG:
      return LogLevel::kDebug;
    case GPR_LOG_SEVERITY_INFO:
      return LogLevel::kInfo;
    case GPR_LOG_SEVERITY_ERROR:
      return LogLevel::kError;
  }
  return LogLevel::kError;
}

void LogFromGrpc(gpr_log_func_args* line) {
  Log(LevelOf(line->severity), line->message, {{"library", "grpc"}});
}

void LogFromProtobuf(google::protobuf::LogLevel level, const char*, int,
                     const std::string& message) {
  // Below fatal it speaks of malformed messages. Who sent one is told so in the answer; a line for
  // each would let any sender flood the log.
  Log(level == google::protobuf::LOGLEVEL_FATAL ? LogLevel::kError : LogLevel::kDebug, message,
      {{"library", "protobuf"}});
}

}  // namespace

void TakeOverLibraryLogs() {
  gpr_set_log_function(LogFromGrpc);
  google::protobuf::SetLogHandler(LogFromProtobuf);
}

}  // namespace vigil::server
