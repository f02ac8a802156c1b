// SPDX-License-Identifier: Apache-2.0
//
// What libraries write to standard error on their own, made lines of our log: the log is one JSON
// object a line, and log shippers trip over anything else.
#pragma once

namespace vigil::server {

// From now on gRPC's lines are logged as ours with their severity, protobuf's as debug lines.
void TakeOverLibraryLogs();

}  // namespace vigil::server
