// SPDX-License-Identifier: Apache-2.0
//
// Puts samples of one series that came by different ways into one: newer over older, by instant.
#pragma once

#include "base/duration.h"
#include "storage/model/sample.h"

namespace vigil::storage {

// The instants of the first and last sample. Requires: not empty.
TimeRange Extent(const SampleColumns& columns);

// Adds `newer` to `*base`. At an instant that both have a sample of, whichever kind, the newer one
// stays. Leaves `newer` unspecified.
void Overlay(SampleColumns&& newer, SampleColumns* base);

}  // namespace vigil::storage
