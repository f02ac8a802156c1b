// SPDX-License-Identifier: Apache-2.0
#include "storage/journal/segment_list.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"

namespace vigil::storage {
namespace {

using Kind = SegmentReader::Step::Kind;

// A file with as much of its head as could be read.
struct Found {
  SegmentDirectory::Entry file;
  std::optional<SegmentHead> head;
  std::string why;     // There is none.
  bool blank = false;  // It was never written.
};

class Lister {
 public:
  Lister(SegmentDirectory* directory, SegmentReader::OnReadError on_error, DamageReport report)
      : directory_(*directory), on_error_(on_error), report_(report) {}

  absl::StatusOr<SegmentList> Run() {
    VIGIL_RETURN_IF_ERROR(ReadHeads());
    for (size_t i = 0; i < found_.size(); ++i) VIGIL_RETURN_IF_ERROR(Add(i));
    return std::move(list_);
  }

 private:
  absl::Status ReadHeads() {
    VIGIL_ASSIGN_OR_RETURN(const auto files, directory_.List());
    for (const SegmentDirectory::Entry& file : files) {
      Found found = {.file = file, .head = std::nullopt, .why = ""};
      VIGIL_ASSIGN_OR_RETURN(const auto opened, directory_.Open(file.number));
      absl::StatusOr<SegmentHead> head = ReadSegmentHead(opened.get(), on_error_);
      if (head.ok() && head->number != file.number) {
        head = absl::DataLossError(fmt::format("it is segment {}", head->number));
      }
      if (head.ok()) {
        found.head = *head;
      } else if (absl::IsDataLoss(head.status()) || absl::IsNotFound(head.status())) {
        found.why = std::string(MessageOf(head.status()));
        found.blank = absl::IsNotFound(head.status());
      } else {
        return Annotate(head.status(), directory_.NameOf(file.number));
      }
      list_.highest_number = file.number;
      found_.push_back(std::move(found));
    }
    return absl::OkStatus();
  }

  // The first segment behind `i` whose head says where the journal went on from.
  const Found* Successor(size_t i) const {
    for (size_t next = i + 1; next < found_.size(); ++next) {
      if (found_[next].head) return &found_[next];
    }
    return nullptr;
  }

  bool IsThere(uint64_t number) const {
    return std::any_of(found_.begin(), found_.end(),
                       [&](const Found& found) { return found.file.number == number; });
  }

  absl::Status Add(size_t i) {
    const Found& found = found_[i];
    Segment segment = {.number = found.file.number, .file_bytes = found.file.bytes, .last = {}};
    const Found* const next = Successor(i);
    const bool counts = next == nullptr || found.file.number <= next->head->previous;
    if (counts && found.head) {
      VIGIL_RETURN_IF_ERROR(Measure(found, next, &segment));
    } else if (counts) {
      ReportHead(found, next);
    }
    list_.segments.push_back(std::move(segment));
    return absl::OkStatus();
  }

  // A head reaches the disk with the first records, before anyone is told of them: a last segment
  // that never had one is what a crash leaves.
  void ReportHead(const Found& found, const Found* next) {
    const bool torn = next == nullptr && found.blank;
    if (torn && found.file.bytes == 0) return;
    report_(
        {.segment = found.file.number,
         .offset = 0,
         .bytes = found.file.bytes,
         .what = fmt::format("its head cannot be read, and no record without it: {}", found.why),
         .torn_end = torn});
  }

  absl::Status Measure(const Found& found, const Found* next, Segment* segment) {
    segment->salt = found.head->salt;
    list_.last_position = std::max(list_.last_position, found.head->first_position - 1);
    uint64_t end = found.file.bytes;
    const bool bounded = next != nullptr && next->head->previous == found.file.number;
    if (bounded) {
      if (next->head->previous_end > end) {
        report_({.segment = found.file.number,
                 .offset = end,
                 .bytes = next->head->previous_end - end,
                 .what = "the file is cut short"});
      }
      end = std::min(end, next->head->previous_end);
    } else if (next != nullptr && !IsThere(next->head->previous)) {
      report_({.segment = next->head->previous,
               .offset = 0,
               .bytes = next->head->previous_end,
               .what = "the file is missing"});
    }
    VIGIL_ASSIGN_OR_RETURN(const auto file, directory_.Open(found.file.number));
    SegmentReader reader(file.get(), segment->salt, end, on_error_);
    VIGIL_RETURN_IF_ERROR_WITH(Walk(&reader, /*torn_end=*/next == nullptr, segment),
                               directory_.NameOf(segment->number));
    if (bounded) segment->end = end;
    for (const auto& [shard, last] : segment->last) {
      list_.last_position = std::max(list_.last_position, last);
    }
    list_.last_number = segment->number;
    list_.last_end = segment->end;
    return absl::OkStatus();
  }

  // With `torn_end` entries count as well: what follows the last sound one is torn.
  absl::Status Walk(SegmentReader* reader, bool torn_end, Segment* segment) {
    segment->end = kSegmentHeadBytes;
    // Behind the last sound record: gaps, records whose entries are not sound, where that begins.
    std::vector<JournalDamage> gaps;
    std::vector<RecordHeader> unsound_records;
    uint64_t unsound = 0;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const SegmentReader::Step step, reader->Next());
      if (step.kind == Kind::kEnd) break;
      const bool record = step.kind == Kind::kRecord;
      if (record && (!torn_end || reader->Entry(step).ok())) {
        for (const JournalDamage& gap : gaps) report_(gap);
        for (const RecordHeader& other : unsound_records) Note(other, segment);
        Note(step.record, segment);
        gaps.clear();
        unsound_records.clear();
        unsound = 0;
        segment->end = step.offset + step.bytes;
        continue;
      }
      if (unsound == 0) unsound = step.offset;
      if (record) {  // ReplaySegment tells of the entry.
        unsound_records.push_back(step.record);
        continue;
      }
      gaps.push_back({.segment = segment->number,
                      .offset = step.offset,
                      .bytes = step.bytes,
                      .what = "there is no record"});
    }
    if (!torn_end) {
      for (const JournalDamage& gap : gaps) report_(gap);
    } else if (unsound != 0) {
      report_({.segment = segment->number,
               .offset = unsound,
               .bytes = segment->file_bytes - unsound,
               .what = "the end is torn",
               .torn_end = true});
    }
    return absl::OkStatus();
  }

  static void Note(const RecordHeader& record, Segment* segment) {
    JournalPosition& last = segment->last[record.shard];
    last = std::max(last, record.position);
  }

  SegmentDirectory& directory_;
  const SegmentReader::OnReadError on_error_;
  const DamageReport report_;
  std::vector<Found> found_;
  SegmentList list_;
};

}  // namespace

absl::StatusOr<SegmentList> ListSegments(SegmentDirectory& directory,
                                         SegmentReader::OnReadError on_error, DamageReport report) {
  return Lister(&directory, on_error, report).Run();
}

absl::Status ReplaySegment(SegmentDirectory& directory, const Segment& segment, uint8_t shard,
                           JournalPosition after, SegmentReader::OnReadError on_error,
                           absl::FunctionRef<absl::Status(JournalPosition, std::string_view)> visit,
                           DamageReport report) {
  const auto last = segment.last.find(shard);
  if (last == segment.last.end() || last->second <= after) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const auto file, directory.Open(segment.number));
  SegmentReader reader(file.get(), segment.salt, segment.end, on_error);
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const SegmentReader::Step step, reader.Next());
    if (step.kind == Kind::kEnd) return absl::OkStatus();
    if (step.kind == Kind::kGap || step.record.shard != shard || step.record.position <= after) {
      continue;
    }
    const absl::StatusOr<std::string_view> entry = reader.Entry(step);
    if (entry.ok()) {
      VIGIL_RETURN_IF_ERROR(visit(step.record.position, *entry));
    } else if (entry.status().code() == absl::StatusCode::kDataLoss) {
      report({.segment = segment.number,
              .offset = step.offset,
              .bytes = step.bytes,
              .what = fmt::format("entry {} of shard {} {}", step.record.position, shard,
                                  MessageOf(entry.status()))});
    } else {
      return Annotate(entry.status(), directory.NameOf(segment.number));
    }
  }
}

void LogDamage(const SegmentDirectory& directory, const JournalDamage& damage) {
  static Counter& damages =
      GetCounter("vigil_journal_damages_total", "Places of the journal that could not be read.");
  if (!damage.torn_end) damages.Add();
  Log(damage.torn_end ? LogLevel::kWarning : LogLevel::kError,
      damage.torn_end ? "journal ends in an unfinished write" : "journal is damaged",
      {{"file", directory.NameOf(damage.segment)},
       {"offset", damage.offset},
       {"bytes", damage.bytes},
       {"error", damage.what}});
}

}  // namespace vigil::storage
