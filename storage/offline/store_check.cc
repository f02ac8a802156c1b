// SPDX-License-Identifier: Apache-2.0
#include "storage/offline/store_check.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "storage/journal/kv_journal.h"
#include "storage/journal/posix_segment_directory.h"
#include "storage/journal/segment_check.h"
#include "storage/kv/keys.h"
#include "storage/kv/rocksdb_salvage.h"
#include "storage/logs/log_block.h"
#include "storage/logs/stream_row.h"
#include "storage/metrics/metric_payload.h"
#include "storage/metrics/partitioning.h"
#include "storage/shard/routing.h"
#include "storage/spans/span_block.h"
#include "storage/spans/trace_index.h"

namespace vigil::storage {
namespace {

constexpr std::string_view kTenantPrefix = "tenant/";
constexpr uint32_t kMaxShards = 64;
// Of series that a gap may have hit, named one by one up to here.
constexpr size_t kMaxNamed = 100;

std::string InstantNs(int64_t unix_ns) { return FormatInstantNs(unix_ns); }

// The block's own word on what it holds; its checksum may be wrong.
std::string ContentsText(std::string_view block, const BlockKey& key, Diagnosis* diagnosis) {
  const absl::StatusOr<MetricBlockHeader> header = PeekMetricBlock(block);
  // A header that fits its key is more likely than not.
  if (!header.ok() || header->min_ms != key.first_ms || header->max_ms < header->min_ms ||
      header->count > kMaxBlockSamples) {
    return fmt::format("samples from {} on", FormatInstantMs(key.first_ms));
  }
  diagnosis->samples_lost += header->count;
  return fmt::format("{} samples from {} to {}", header->count, FormatInstantMs(header->min_ms),
                     FormatInstantMs(header->max_ms));
}

}  // namespace

void StoreCheck::Note(Family family, std::string text) {
  diagnosis_.Add(std::string(FamilyName(family)), std::move(text));
}

absl::Status StoreCheck::Walk(Family family, Keep keep, Visit check) {
  return WalkReadable(
      offline_, family,
      [&](std::string_view key, std::string_view value) -> absl::Status {
        const absl::Status status = check(key, value);
        if (status.ok()) return keep(family, key, value);
        if (status.code() != absl::StatusCode::kDataLoss) return status;
        Note(family, std::string(MessageOf(status)));
        return absl::OkStatus();
      },
      [&](const Gap& gap) {
        Note(family,
             fmt::format("{}: {}", GapText(family, gap.after, gap.before), MessageOf(gap.reason)));
      });
}

absl::Status StoreCheck::Run(Keep keep) {
  const auto bind = [this](absl::Status (StoreCheck::*check)(std::string_view, std::string_view)) {
    return [this, check](std::string_view key, std::string_view value) {
      return (this->*check)(key, value);
    };
  };
  for (uint32_t shards = 1; shards <= kMaxShards; ++shards) possible_shards_.insert(shards);
  VIGIL_RETURN_IF_ERROR(Walk(Family::kMeta, keep, bind(&StoreCheck::CheckMeta)));
  VIGIL_RETURN_IF_ERROR(Walk(Family::kSeries, keep, bind(&StoreCheck::CheckSeries)));
  VIGIL_RETURN_IF_ERROR(Walk(Family::kPostings, keep, bind(&StoreCheck::CheckPostings)));
  VIGIL_RETURN_IF_ERROR(
      Walk(Family::kBlocks, keep, [this](std::string_view key, std::string_view value) {
        return TimestampColumnKey::Decode(key).ok() ? CheckTimesColumn(key, value)
                                                    : CheckMetricBlock(key, value);
      }));
  times_.clear();
  CheckPresenceIsWhole();
  CheckSeriesAreFound();
  VIGIL_RETURN_IF_ERROR(Walk(Family::kJournal, keep, bind(&StoreCheck::CheckJournal)));
  VIGIL_RETURN_IF_ERROR(CheckJournalFiles(keep));
  FindStreams();
  VIGIL_RETURN_IF_ERROR(Walk(Family::kLogBlocks, keep, bind(&StoreCheck::CheckLogs)));
  VIGIL_RETURN_IF_ERROR(Walk(Family::kSpanBlocks, keep, bind(&StoreCheck::CheckSpanBlock)));
  VIGIL_RETURN_IF_ERROR(Walk(Family::kTraceIndex, keep, bind(&StoreCheck::CheckTraceIndex)));
  VIGIL_RETURN_IF_ERROR(Walk(Family::kState, keep,
                             [](std::string_view, std::string_view) { return absl::OkStatus(); }));
  CheckMetaIsWhole();
  return absl::OkStatus();
}

absl::Status StoreCheck::CheckMeta(std::string_view key, std::string_view value) {
  if (key.starts_with(kTenantPrefix)) {
    KeyReader reader(value);
    const TenantId tenant = reader.ReadTenant();
    VIGIL_RETURN_IF_ERROR_WITH(reader.Finish("number"), fmt::format("tenant {}", key));
    tenant_names_[tenant] = key.substr(kTenantPrefix.size());
  }
  meta_[std::string(key)] = value;
  return absl::OkStatus();
}

absl::Status StoreCheck::CheckSeries(std::string_view key, std::string_view value) {
  const absl::StatusOr<SeriesKey> series = SeriesKey::Decode(key);
  if (const auto hash = LabelsHashKey::Decode(key); hash.ok()) return CheckLabelsHash(*hash, value);
  if (!series.ok()) {
    VIGIL_ASSIGN_OR_RETURN(const MetadataKey metric, MetadataKey::Decode(key));
    return Annotate(DecodeMetadata(value).status(),
                    fmt::format("metadata of {}", metric.metric_name));
  }
  const auto what = [&] {
    return fmt::format("name of series {} of tenant {} in shard {}", series->number,
                       static_cast<uint32_t>(series->tenant), series->shard);
  };
  VIGIL_ASSIGN_OR_RETURN_WITH(const Labels labels, Labels::FromPacked(value), what());
  if (series->number == 0 || series->number > UINT32_MAX) {
    return absl::DataLossError(what() + ": the number is out of range");
  }
  std::erase_if(possible_shards_,
                [&](uint32_t shards) { return ShardOfSeries(labels, shards) != series->shard; });
  series_[{series->tenant, series->shard}].add(static_cast<uint32_t>(series->number));
  ExpectPostings(*series, labels);
  uint64_t& highest = highest_number_[series->shard];
  highest = std::max(highest, series->number);
  tenants_seen_.insert(series->tenant);
  shards_seen_.insert(series->shard);
  ++diagnosis_.series;
  return absl::OkStatus();
}

std::string StoreCheck::SeriesName(TenantId tenant, uint8_t shard, uint64_t number) {
  const absl::StatusOr<std::optional<std::string>> row =
      offline_.store().Get(Family::kSeries, SeriesKey{tenant, shard, number}.Encode());
  std::string name = fmt::format("series {} of shard {}", number, shard);
  if (row.ok() && row->has_value()) {
    if (const auto labels = Labels::FromPacked(**row); labels.ok()) name = labels->ToString();
  }
  if (tenant == kDefaultTenant) return name;
  const auto known = tenant_names_.find(tenant);
  return fmt::format(
      "{} of tenant {}", name,
      known != tenant_names_.end() ? known->second : fmt::to_string(static_cast<uint32_t>(tenant)));
}

absl::StatusOr<TimesPtr> StoreCheck::TimesColumn(const TimestampColumnKey& key) {
  const auto partition = std::tuple(key.tenant, key.shard, key.partition_start_ms);
  if (times_of_ != partition) {
    times_.clear();
    times_of_ = partition;
  }
  if (const auto known = times_.find(key.column); known != times_.end()) return known->second;
  absl::StatusOr<std::optional<std::string>> bytes =
      offline_.store().Get(Family::kBlocks, key.Encode());
  if (!bytes.ok()) {
    return absl::DataLossError(std::string(MessageOf(bytes.status())));
  }
  if (!bytes->has_value()) return absl::DataLossError("its column of times is missing");
  VIGIL_ASSIGN_OR_RETURN(std::vector<int64_t> times_ms, DecodeTimesColumn(**bytes));
  auto times = std::make_shared<const std::vector<int64_t>>(std::move(times_ms));
  times_.emplace(key.column, times);
  return times;
}

absl::Status StoreCheck::CheckMetricBlock(std::string_view encoded_key, std::string_view value) {
  VIGIL_ASSIGN_OR_RETURN(const BlockKey key, BlockKey::Decode(encoded_key));
  SampleColumns columns;
  const auto times_of = [this, &key](uint64_t id, TimeRange) {
    return TimesColumn({key.tenant, key.shard, key.partition_start_ms, id});
  };
  absl::Status status = DecodeMetricBlock(value, times_of, &columns);
  const auto series = series_.find({key.tenant, key.shard});
  if (status.ok() && (series == series_.end() || key.series > UINT32_MAX ||
                      !series->second.contains(static_cast<uint32_t>(key.series)))) {
    status = absl::DataLossError("which series that is, is lost");
  }
  if (status.ok()) {
    const int64_t first_ms =
        columns.times_ms.empty() ? columns.histogram_times_ms.front() : columns.times_ms.front();
    if (first_ms != key.first_ms) status = absl::DataLossError("it is another series' or time's");
  }
  if (!status.ok()) {
    return absl::DataLossError(
        fmt::format("{}: {}: {}", SeriesName(key.tenant, key.shard, key.series),
                    ContentsText(value, key, &diagnosis_), MessageOf(status)));
  }
  auto& presence = presence_[{key.tenant, key.shard}];
  if (presence == nullptr) presence = std::make_unique<BlockPresence>(key.tenant, key.shard);
  presence->Add(key.partition_start_ms, static_cast<uint32_t>(key.series));
  NoteRecent(key, columns);
  uint64_t& highest = highest_sequence_[key.shard];
  highest = std::max(highest, key.sequence);
  ++diagnosis_.metric_blocks;
  diagnosis_.samples += columns.times_ms.size() + columns.histogram_times_ms.size();
  return absl::OkStatus();
}

absl::Status StoreCheck::CheckTimesColumn(std::string_view encoded_key, std::string_view value) {
  VIGIL_ASSIGN_OR_RETURN(const TimestampColumnKey key, TimestampColumnKey::Decode(encoded_key));
  uint64_t& highest = highest_sequence_[key.shard];
  highest = std::max(highest, key.column);
  return Annotate(DecodeTimesColumn(value).status(),
                  fmt::format("column of times {} in the partition of {} (the blocks that need it "
                              "are named by themselves)",
                              key.column, FormatInstantMs(key.partition_start_ms)));
}

void StoreCheck::NoteRecent(const BlockKey& key, const SampleColumns& columns) {
  auto& recent = recent_[{key.tenant, key.shard}];
  if (recent == nullptr) {
    recent = std::make_unique<NumberSets>(key.tenant, key.shard, NumberKind::kRecent);
  }
  int64_t last_ms = key.first_ms;
  if (!columns.times_ms.empty()) last_ms = columns.times_ms.back();
  if (!columns.histogram_times_ms.empty()) {
    last_ms = std::max(last_ms, columns.histogram_times_ms.back());
  }
  // How long the slots of the hot window are is not known: a series is noted too late, so that it
  // is in memory for as long as it must be.
  recent->Add(Partitioning(kMillisPerHour).EndOf(last_ms), static_cast<uint32_t>(key.series));
}

void StoreCheck::CheckPresenceIsWhole() {
  for (const auto& [id, presence] : presence_) {
    const auto rows = presence_rows_.find(id);
    std::map<int64_t, SeriesSet> told;
    if (rows != presence_rows_.end()) {
      rows->second->ForEach(
          [&](int64_t partition_ms, const SeriesSet& numbers) { told[partition_ms] = numbers; });
    }
    presence->ForEach([&](int64_t partition_ms, const SeriesSet& numbers) {
      const SeriesSet missing = numbers - told[partition_ms];
      if (missing.isEmpty()) return;
      Note(Family::kPostings,
           fmt::format("{} series of shard {} have blocks in the partition of {} that no row tells "
                       "of: they would not be read",
                       missing.cardinality(), id.second, FormatInstantMs(partition_ms)));
    });
  }
}

absl::Status StoreCheck::CheckJournal(std::string_view encoded_key, std::string_view value) {
  VIGIL_ASSIGN_OR_RETURN(const JournalKey key, JournalKey::Decode(encoded_key));
  VIGIL_RETURN_IF_ERROR_WITH(
      VerifyJournalEntry(key, value),
      fmt::format("{} bytes of records that were not in blocks yet", value.size()));
  shards_seen_.insert(key.shard);
  ++diagnosis_.journal_entries;
  return absl::OkStatus();
}

absl::Status StoreCheck::CheckJournalFiles(Keep keep) {
  const auto files = OpenSegmentDirectory(directory_);
  const auto note = [&](const JournalDamage& damage) {
    if (damage.segment == 0) return diagnosis_.Add("journal", damage.what);
    diagnosis_.Add(
        files->NameOf(damage.segment),
        fmt::format("{} bytes at offset {}: {}; {}", damage.bytes, damage.offset, damage.what,
                    damage.torn_end ? "a write that a crash cut off, as far as can be told"
                                    : "records that were there and not in blocks yet "
                                      "are lost"));
  };
  return CheckSegments(
      *files, offline_.store(),
      [&](uint8_t shard, JournalPosition position, std::string_view entry) {
        shards_seen_.insert(shard);
        ++diagnosis_.journal_entries;
        return keep(Family::kJournal, JournalKey{.shard = shard, .position = position}.Encode(),
                    EncodeJournalEntry(position, {&entry, 1}));
      },
      note);
}

// Rows of streams stand behind the blocks that need them.
void StoreCheck::FindStreams() {
  WalkReadable(
      offline_, Family::kLogBlocks,
      [this](std::string_view key, std::string_view value) {
        const absl::StatusOr<LogStreamKey> stream = LogStreamKey::Decode(key);
        if (stream.ok() && stream->stream != kNextStreamRow && StreamRow::Decode(value).ok()) {
          streams_[{stream->tenant, stream->shard}].add(static_cast<uint32_t>(stream->stream));
        }
        return absl::OkStatus();
      },
      [](const Gap&) {})
      .IgnoreError();
}

std::string StoreCheck::StreamName(const LogBlockKey& key) {
  const absl::StatusOr<std::optional<std::string>> row = offline_.store().Get(
      Family::kLogBlocks, LogStreamKey{key.tenant, key.shard, key.stream}.Encode());
  if (row.ok() && row->has_value()) {
    if (const auto stream = StreamRow::Decode(**row); stream.ok()) return stream->labels.ToString();
  }
  return fmt::format("stream {} of shard {}", key.stream, key.shard);
}

absl::Status StoreCheck::CheckLogBlock(const LogBlockKey& key, std::string_view value) {
  const auto rows = [&]() -> absl::StatusOr<size_t> {
    VIGIL_ASSIGN_OR_RETURN(const RowBlockReader reader, RowBlockReader::Open(value));
    VIGIL_ASSIGN_OR_RETURN(LogBlockRows log_rows, LogBlockRows::Read(reader));
    VIGIL_RETURN_IF_ERROR(LogBlock::Read(reader, std::move(log_rows)).status());
    const auto streams = streams_.find({key.tenant, key.shard});
    if (streams == streams_.end() || !streams->second.contains(static_cast<uint32_t>(key.stream))) {
      return absl::DataLossError("which stream that is, is lost");
    }
    return reader.rows();
  }();
  if (!rows.ok()) {
    return absl::DataLossError(fmt::format("{}: log records from {} on: {}", StreamName(key),
                                           InstantNs(key.first_ns), MessageOf(rows.status())));
  }
  ++diagnosis_.log_blocks;
  diagnosis_.log_records += *rows;
  return absl::OkStatus();
}

absl::Status StoreCheck::CheckLogs(std::string_view key, std::string_view value) {
  if (const auto block = LogBlockKey::Decode(key); block.ok()) return CheckLogBlock(*block, value);
  VIGIL_ASSIGN_OR_RETURN(const LogStreamKey stream, LogStreamKey::Decode(key));
  tenants_seen_.insert(stream.tenant);
  shards_seen_.insert(stream.shard);
  const absl::Status status = stream.stream == kNextStreamRow ? DecodeNextStream(value).status()
                                                              : StreamRow::Decode(value).status();
  return Annotate(status,
                  fmt::format("row of log stream {} of shard {}", stream.stream, stream.shard));
}

absl::Status StoreCheck::CheckSpanBlock(std::string_view encoded_key, std::string_view value) {
  VIGIL_ASSIGN_OR_RETURN(const SpanBlockKey key, SpanBlockKey::Decode(encoded_key));
  const auto rows = [&]() -> absl::StatusOr<size_t> {
    VIGIL_ASSIGN_OR_RETURN(const RowBlockReader reader, RowBlockReader::Open(value));
    VIGIL_ASSIGN_OR_RETURN(SpanBlockRows span_rows, SpanBlockRows::Read(reader));
    VIGIL_RETURN_IF_ERROR(SpanBlock::Read(reader, std::move(span_rows)).status());
    return reader.rows();
  }();
  if (!rows.ok()) {
    return absl::DataLossError(
        fmt::format("spans in block {} of shard {} in the partition of {}: {}", key.sequence,
                    key.shard, InstantNs(key.partition_start_ns), MessageOf(rows.status())));
  }
  span_blocks_.insert({key.tenant, key.shard, key.partition_start_ns, key.sequence});
  tenants_seen_.insert(key.tenant);
  shards_seen_.insert(key.shard);
  ++diagnosis_.span_blocks;
  diagnosis_.spans += *rows;
  return absl::OkStatus();
}

absl::Status StoreCheck::CheckTraceIndex(std::string_view encoded_key, std::string_view value) {
  VIGIL_ASSIGN_OR_RETURN(const TraceIndexKey key, TraceIndexKey::Decode(encoded_key));
  const auto trace = [&] { return fmt::format("trace {}", ToHex(key.trace_id.AsBytes())); };
  VIGIL_RETURN_IF_ERROR_WITH(DecodeSpanIds(value).status(), trace());
  // Which shard it is follows from the id and the number of shards; any will do.
  const bool found = std::any_of(shards_seen_.begin(), shards_seen_.end(), [&](uint8_t shard) {
    return span_blocks_.contains({key.tenant, shard, key.partition_start_ns, key.sequence});
  });
  if (found) return absl::OkStatus();
  return absl::DataLossError(
      fmt::format("{}: spans in block {} in the partition of {}: it is not "
                  "there",
                  trace(), key.sequence, InstantNs(key.partition_start_ns)));
}

void StoreCheck::ForEachCandidate(const std::string& after, const std::string& before,
                                  absl::FunctionRef<void(const BlockKey& prefix)> visit) {
  for (const auto& [id, presence] : presence_rows_) {
    presence->ForEach([&](int64_t partition_ms, const SeriesSet& numbers) {
      const std::string partition = PartitionPrefix(id.first, id.second, partition_ms);
      if (!before.empty() && partition > before) return;
      if (PrefixEnd(partition) < after) return;
      for (const uint32_t number : numbers) {
        const auto row =
            offline_.store().Get(Family::kSeries, SeriesKey{id.first, id.second, number}.Encode());
        if (!row.ok() || !row->has_value()) continue;
        const absl::StatusOr<Labels> labels = Labels::FromPacked(**row);
        if (!labels.ok()) continue;
        const BlockKey key = {.tenant = id.first,
                              .shard = id.second,
                              .partition_start_ms = partition_ms,
                              .metric = MetricHash(labels->MetricName()),
                              .series = number};
        const std::string prefix = key.SeriesPrefix();
        const bool above = prefix >= after || after.starts_with(prefix);
        if (above && (before.empty() || prefix <= before)) visit(key);
      }
    });
  }
}

std::string StoreCheck::GapText(Family family, const std::string& after,
                                const std::string& before) {
  if (family != Family::kBlocks) {
    return fmt::format("entries between {} and {} cannot be read",
                       after.empty() ? "the beginning" : ToHex(after),
                       before.empty() ? "the end" : ToHex(before));
  }
  std::vector<std::string> names;
  size_t candidates = 0;
  ForEachCandidate(after, before, [&](const BlockKey& key) {
    if (++candidates > kMaxNamed) return;
    names.push_back(fmt::format("{} in the partition of {}",
                                SeriesName(key.tenant, key.shard, key.series),
                                FormatInstantMs(key.partition_start_ms)));
  });
  std::string text = fmt::format("samples that {} series had in blocks cannot be read", candidates);
  for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? " (" : "; ") + names[i];
  if (candidates > names.size()) text += fmt::format("; {} more", candidates - names.size());
  return names.empty() ? text : text + ")";
}

}  // namespace vigil::storage
