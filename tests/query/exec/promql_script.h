// SPDX-License-Identifier: Apache-2.0
//
// Runs scripts of PromQL and what it must give. A `#` starts a comment line.
//
//   clear
//   load 1m
//     requests_total{job="a"} 0+10x10
//   eval instant at 10m rate(requests_total[5m])
//     {job="a"} 0.16666666666666666
//   eval range from 0 to 10m step 5m sum(requests_total)
//     expect no_warn
//     {} 0 50 100
//
// Lines under `eval` are results (a bare number for a scalar) or
//   expect fail [msg: TEXT | regex: RE]      expect ordered
//   expect warn|info [msg: TEXT | regex: RE] expect no_warn | no_info
//   expect string "TEXT"                     expect range vector from T to T step D
// Once warnings or infos are expected, each that comes must be one of them. The older forms
// eval_fail, eval_ordered, eval_warn, eval_info and expected_fail_message do as well.
//
// Every instant query that succeeds is run again in the middle of a range, where it must give the
// same.
#pragma once

#include <string>

namespace vigil::exec {

// Fails the running GoogleTest test at each difference.
void RunPromqlScript(const std::string& path);

}  // namespace vigil::exec
