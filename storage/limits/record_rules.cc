// SPDX-License-Identifier: Apache-2.0
#include "storage/limits/record_rules.h"

#include <optional>
#include <string>
#include <type_traits>
#include <variant>

#include <fmt/format.h>

#include "base/strings.h"
#include "storage/limits/refusals.h"

namespace vigil::storage {
namespace {

// Of a text that is too long, what a message shows.
constexpr size_t kShownBytes = 64;

std::string Show(std::string_view text) {
  return fmt::format("\"{}\"{}", ReplaceInvalidUtf8(text.substr(0, kShownBytes)),
                     text.size() > kShownBytes ? "..." : "");
}

uint64_t SizeOf(const Attributes& attributes);

// Bytes of what was sent, about: texts count as they are, everything else as eight bytes.
uint64_t SizeOf(const Value& value) {
  return std::visit(
      [](const auto& data) -> uint64_t {
        using Data = std::decay_t<decltype(data)>;
        if constexpr (std::is_same_v<Data, std::string>) {
          return data.size();
        } else if constexpr (std::is_same_v<Data, Bytes>) {
          return data.data.size();
        } else if constexpr (std::is_same_v<Data, Attributes>) {
          return SizeOf(data);
        } else if constexpr (std::is_same_v<Data, ValueList>) {
          uint64_t bytes = 0;
          for (const Value& element : data) bytes += SizeOf(element);
          return bytes;
        } else {
          return sizeof(uint64_t);
        }
      },
      value.data);
}

uint64_t SizeOf(const Attributes& attributes) {
  uint64_t bytes = 0;
  for (const Attribute& attribute : attributes) {
    bytes += attribute.name.size() + SizeOf(attribute.value);
  }
  return bytes;
}

struct Fault {
  Refusal refusal;
  std::string reason;
};
using Finding = std::optional<Fault>;

Finding CheckAttributes(const TenantLimits& limits, const Attributes& attributes,
                        std::string_view owner) {
  if (Exceeds(attributes.size(), limits.max_attributes)) {
    return Fault{Refusal::kAttributes,
                 fmt::format("{} has {} attributes; the limit (limits.max_attributes) is {}", owner,
                             attributes.size(), limits.max_attributes)};
  }
  const uint64_t bytes = SizeOf(attributes);
  if (!Exceeds(bytes, limits.max_attribute_bytes)) return std::nullopt;
  return Fault{
      Refusal::kAttributes,
      fmt::format("{} has {} bytes of attributes; the limit (limits.max_attribute_bytes) is {}",
                  owner, bytes, limits.max_attribute_bytes)};
}

// Looks at each origin once, as long as those who share it come one after the other.
class OriginRule {
 public:
  explicit OriginRule(const TenantLimits& limits) : limits_(limits) {}

  Finding Check(const Origin& origin) {
    if (&origin == last_) return finding_;
    last_ = &origin;
    finding_ = CheckAttributes(limits_, origin.resource, "a resource");
    if (!finding_) finding_ = CheckAttributes(limits_, origin.scope_attributes, "a scope");
    return finding_;
  }

 private:
  const TenantLimits& limits_;
  const Origin* last_ = nullptr;
  Finding finding_;
};

Finding CheckStream(const TenantLimits& limits, const Labels& labels) {
  uint64_t count = 0;
  for (const LabelView& label : labels) {
    ++count;
    if (Exceeds(label.name.size(), limits.max_label_name_bytes)) {
      return Fault{Refusal::kStreamLabels,
                   fmt::format("label name {} of a log stream has {} bytes; the limit "
                               "(limits.max_label_name_bytes) is {}",
                               Show(label.name), label.name.size(), limits.max_label_name_bytes)};
    }
    if (Exceeds(label.value.size(), limits.max_label_value_bytes)) {
      return Fault{Refusal::kStreamLabels,
                   fmt::format("value {} of label {} of a log stream has {} bytes; the limit "
                               "(limits.max_label_value_bytes) is {}",
                               Show(label.value), Show(label.name), label.value.size(),
                               limits.max_label_value_bytes)};
    }
  }
  if (!Exceeds(count, limits.max_labels_per_stream)) return std::nullopt;
  return Fault{
      Refusal::kStreamLabels,
      fmt::format("a log stream has {} labels; the limit (limits.max_labels_per_stream) is {}",
                  count, limits.max_labels_per_stream)};
}

Finding CheckRecord(const TenantLimits& limits, const LogRecord& record, OriginRule* origins) {
  const uint64_t body_bytes = SizeOf(record.body);
  if (Exceeds(body_bytes, limits.max_log_body_bytes)) {
    return Fault{Refusal::kLogBody, fmt::format("the body of a log record has {} bytes; the limit "
                                                "(limits.max_log_body_bytes) is {}",
                                                body_bytes, limits.max_log_body_bytes)};
  }
  Finding finding = CheckAttributes(limits, record.attributes, "a log record");
  return finding ? finding : origins->Check(*record.origin);
}

Finding CheckSpan(const TenantLimits& limits, const Span& span, OriginRule* origins) {
  Finding finding = CheckAttributes(limits, span.attributes, "a span");
  for (const SpanEvent& event : span.events) {
    if (!finding) finding = CheckAttributes(limits, event.attributes, "an event of a span");
  }
  for (const SpanLink& link : span.links) {
    if (!finding) finding = CheckAttributes(limits, link.attributes, "a link of a span");
  }
  return finding ? finding : origins->Check(*span.origin);
}

void Refuse(const Fault& fault, int64_t records, WriteResult* result) {
  CountRefused(fault.refusal, records);
  result->rejected += records;
  if (result->rejection_reason.empty()) result->rejection_reason = fault.reason;
}

}  // namespace

void FilterBySize(const TenantLimits& limits, LogBatch* batch, WriteResult* result) {
  OriginRule origins(limits);
  for (LogStreamBatch& stream : batch->streams) {
    if (const Finding finding = CheckStream(limits, stream.labels)) {
      Refuse(*finding, static_cast<int64_t>(stream.records.size()), result);
      stream.records.clear();
      continue;
    }
    std::erase_if(stream.records, [&](const LogRecord& record) {
      const Finding finding = CheckRecord(limits, record, &origins);
      if (finding) Refuse(*finding, 1, result);
      return finding.has_value();
    });
  }
  std::erase_if(batch->streams,
                [](const LogStreamBatch& stream) { return stream.records.empty(); });
}

void FilterBySize(const TenantLimits& limits, std::vector<Span>* spans, WriteResult* result) {
  OriginRule origins(limits);
  std::erase_if(*spans, [&](const Span& span) {
    const Finding finding = CheckSpan(limits, span, &origins);
    if (finding) Refuse(*finding, 1, result);
    return finding.has_value();
  });
}

}  // namespace vigil::storage
