// SPDX-License-Identifier: Apache-2.0
#include "collector/exposition/exposition.h"

#include "collector/exposition/protobuf_reader.h"
#include "collector/exposition/text_reader.h"

namespace vigil::collector {

std::unique_ptr<ExpositionReader> MakeReader(ExpositionFormat format, std::string_view body,
                                             const ExpositionOptions& options) {
  if (format == ExpositionFormat::kProtobuf) return MakeProtobufReader(body, options);
  return MakeTextReader(body, format == ExpositionFormat::kOpenMetrics);
}

}  // namespace vigil::collector
