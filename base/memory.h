// SPDX-License-Identifier: Apache-2.0
//
// How much memory there is, how much this process has, and how it gives some back.
#pragma once

#include <cstdint>
#include <string>

namespace vigil {

// What this process may have: the machine's memory or the limit of its control group (v2 or v1,
// with all the groups above it), whichever is smaller. Bytes.
uint64_t AvailableMemoryBytes();

// The part of it below the given directory ("/" in production): where /proc and /sys are found.
// 0 when no control group sets a limit.
uint64_t ControlGroupLimitBytes(const std::string& root);

// What the process has in memory now (RSS); 0 when the system does not tell.
uint64_t ResidentBytes();

// Gives what the allocator holds but nobody uses back to the system. May take milliseconds.
void ReleaseFreeMemory();

// Has the allocator make do with an arena for each core: by itself it makes eight, and what a storm
// leaves free in one of them is of no use to threads of another. Called before threads start.
void ShareArenas();

// Has the allocator waste little: few arenas, and large pieces from the system one by one, so that
// freeing them gives them back at once. For processes whose limit is small; costs some speed.
// Called before threads start.
void PreferSmallFootprint();

}  // namespace vigil
