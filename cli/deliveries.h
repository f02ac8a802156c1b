// SPDX-License-Identifier: Apache-2.0
//
// `vigil alerts undelivered` and `vigil alerts deliveries`.
#pragma once

namespace CLI {
class App;
}

namespace vigil::cli {

// Adds the two to `vigil alerts`.
void AddDeliveries(CLI::App* alerts, int* exit_status);

}  // namespace vigil::cli
