// SPDX-License-Identifier: Apache-2.0
//
// Segments of a journal as files of a data directory: "journal-0000000012.seg", beside those of the
// key-value store.
#pragma once

#include <memory>
#include <string>

#include "storage/journal/segment_directory.h"

namespace vigil::storage {

// `directory` must exist. Nothing is opened or changed yet.
std::unique_ptr<SegmentDirectory> OpenSegmentDirectory(const std::string& directory);

}  // namespace vigil::storage
