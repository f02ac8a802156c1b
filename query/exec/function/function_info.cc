// SPDX-License-Identifier: Apache-2.0
//
// info: brings the labels of info metrics, such as target_info, to the series of the same job and
// instance. Which info series is the current one may change from step to step, so a series may
// become several.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include "base/status.h"
#include "query/exec/duration_value.h"
#include "query/exec/function/function.h"
#include "query/exec/selector.h"

namespace vigil::exec {
namespace {

using promql::As;
using promql::Expr;
using promql::ExprKind;
using storage::Labels;
using storage::Matcher;
using storage::MatchType;

const std::vector<std::string>& IdentifyingLabels() {
  static const auto* const names = new std::vector<std::string>{"instance", "job"};
  return *names;
}

bool IsIdentifying(std::string_view name) {
  return std::find(IdentifyingLabels().begin(), IdentifyingLabels().end(), name) !=
         IdentifyingLabels().end();
}

// What the second argument asks for.
struct InfoRequest {
  std::vector<Matcher> names;  // Of info metrics.
  std::vector<Matcher> data;   // Of the labels that are wanted; all if empty.

  bool Wants(std::string_view label) const {
    return data.empty() || std::any_of(data.begin(), data.end(), [label](const Matcher& matcher) {
             return matcher.name() == label;
           });
  }
  // Whether series that nothing was found for go.
  bool DropsOthers() const {
    return std::any_of(data.begin(), data.end(),
                       [](const Matcher& matcher) { return !matcher.MatchesEmpty(); });
  }
  bool IsInfo(const Labels& labels) const {
    return std::all_of(names.begin(), names.end(), [&labels](const Matcher& matcher) {
      return matcher.Matches(labels.MetricName());
    });
  }
};

bool IsPositive(const Matcher& matcher) {
  return matcher.type() == MatchType::kEqual || matcher.type() == MatchType::kRegex;
}

absl::StatusOr<InfoRequest> RequestOf(const promql::Call& call) {
  InfoRequest request;
  if (call.args.size() > 1) {
    for (const Matcher& matcher : As<promql::VectorSelector>(*call.args[1]).matchers) {
      (matcher.name() == storage::kMetricName ? request.names : request.data).push_back(matcher);
    }
  }
  const std::string name(storage::kMetricName);
  if (request.names.empty()) {
    request.names.push_back(Matcher::Equal(name, "target_info"));
  } else if (std::none_of(request.names.begin(), request.names.end(), IsPositive)) {
    VIGIL_ASSIGN_OR_RETURN(Matcher any, Matcher::Create(MatchType::kRegex, name, ".+_info"));
    request.names.push_back(std::move(any));
  }
  return request;
}

// The first selector in an expression, whose `offset` and `@` hold for the info metrics, too.
const promql::VectorSelector* FirstSelector(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kVectorSelector:
      return &As<promql::VectorSelector>(expr);
    case ExprKind::kMatrixSelector:
      return As<promql::MatrixSelector>(expr).selector.get();
    case ExprKind::kSubquery:
      return FirstSelector(*As<promql::Subquery>(expr).expr);
    case ExprKind::kUnary:
      return FirstSelector(*As<promql::Unary>(expr).expr);
    case ExprKind::kParen:
      return FirstSelector(*As<promql::Paren>(expr).expr);
    case ExprKind::kAggregate:
      return FirstSelector(*As<promql::Aggregate>(expr).expr);
    case ExprKind::kBinary: {
      const auto* const left = FirstSelector(*As<promql::Binary>(expr).lhs);
      return left != nullptr ? left : FirstSelector(*As<promql::Binary>(expr).rhs);
    }
    case ExprKind::kCall:
      for (const promql::ExprPtr& arg : As<promql::Call>(expr).args) {
        if (const auto* const found = FirstSelector(*arg); found != nullptr) return found;
      }
      return nullptr;
    default:
      return nullptr;
  }
}

// The info series of one job, instance and name, with the time of the sample at each step.
struct InfoGroup {
  std::vector<const Series*> members;
};
// By the name of the info metric.
using InfoGroups = std::map<std::string, InfoGroup, std::less<>>;

class Enricher {
 public:
  Enricher(Evaluator& evaluator, InfoRequest request)
      : evaluator_(evaluator), request_(std::move(request)), result_(evaluator.NewVector()) {}

  absl::Status FindInfos(const Expr& base) {
    LookupTimes times;
    times.grid = evaluator_.grid();
    if (const auto* const selector = FirstSelector(base); selector != nullptr) {
      VIGIL_ASSIGN_OR_RETURN(
          times, ResolveShift(evaluator_.context(), evaluator_.grid(), selector->shift));
    }
    std::vector<Matcher> matchers = request_.names;
    matchers.insert(matchers.end(), request_.data.begin(), request_.data.end());
    // Only what is used of them counts, see CountOnce.
    Evaluator uncounted(evaluator_.context(), evaluator_.grid());
    VIGIL_ASSIGN_OR_RETURN(const VectorValue samples,
                           SelectAt(uncounted, matchers, times, SelectWhat::kSamples));
    for (const Series& series : samples.series) {
      if (!series.column.MayHaveHistograms()) continue;
      return absl::FailedPreconditionError(fmt::format(
          "this should be an info metric, with float samples: {}", InBraces(series.labels)));
    }
    VIGIL_ASSIGN_OR_RETURN(infos_, SelectAt(uncounted, matchers, times, SelectWhat::kTimes));
    for (const Series& series : infos_->series) {
      InfoGroups& groups = by_target_[series.labels.KeepOnly(IdentifyingLabels())];
      groups[std::string(series.labels.MetricName())].members.push_back(&series);
    }
    return absl::OkStatus();
  }

  absl::Status Add(Series series) {
    VIGIL_RETURN_IF_ERROR(evaluator_.context().limits.Check());
    if (request_.IsInfo(series.labels)) {
      return result_.Add(std::move(series.labels), std::move(series.column));
    }
    const auto found = by_target_.find(series.labels.KeepOnly(IdentifyingLabels()));
    const InfoGroups* const groups = found == by_target_.end() ? nullptr : &found->second;
    CountOnce(groups);
    // Neighbouring steps mostly have the same info series, hence the same labels.
    std::vector<const Series*> current;
    std::vector<const Series*> last;
    std::vector<Series> parts;
    Series* part = nullptr;
    bool first = true;
    for (size_t step = 0; step < series.column.size(); ++step) {
      if (!series.column.Has(step)) continue;
      VIGIL_RETURN_IF_ERROR(CurrentAt(groups, step, &current));
      if (first || current != last) {
        VIGIL_ASSIGN_OR_RETURN(part, PartFor(series.labels, current, &parts));
        last = current;
        first = false;
      }
      if (part != nullptr) part->column.CopyFrom(series.column, step);
    }
    for (Series& made : parts) {
      VIGIL_RETURN_IF_ERROR(result_.Add(std::move(made.labels), std::move(made.column)));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<VectorValue> Finish() {
    VIGIL_RETURN_IF_ERROR(MergeSameLabels(&result_));
    return std::move(result_);
  }

 private:
  // Counts the samples of info series that something is enriched from.
  void CountOnce(const InfoGroups* groups) {
    if (evaluator_.counts() == nullptr || groups == nullptr || !counted_.insert(groups).second) {
      return;
    }
    for (const auto& [name, group] : *groups) {
      for (const Series* const member : group.members) {
        evaluator_.counts()->AddColumn(member->column);
      }
    }
  }

  // Of each info metric the series with the newest sample.
  static absl::Status CurrentAt(const InfoGroups* groups, size_t step,
                                std::vector<const Series*>* current) {
    current->clear();
    if (groups == nullptr) return absl::OkStatus();
    for (const auto& [name, group] : *groups) {
      const Series* newest = nullptr;
      for (const Series* const candidate : group.members) {
        if (!candidate->column.Has(step)) continue;
        const double time = candidate->column.value(step);
        if (newest != nullptr && newest->column.value(step) == time) {
          return absl::FailedPreconditionError(
              fmt::format("found duplicate series for info metric {}", name));
        }
        if (newest == nullptr || newest->column.value(step) < time) newest = candidate;
      }
      if (newest != nullptr) current->push_back(newest);
    }
    return absl::OkStatus();
  }

  // Where the points with these info series go; null if they are dropped.
  absl::StatusOr<Series*> PartFor(const Labels& base, const std::vector<const Series*>& current,
                                  std::vector<Series>* parts) const {
    VIGIL_ASSIGN_OR_RETURN(Labels labels, Enrich(base, current));
    if (labels == base && request_.DropsOthers()) return nullptr;
    for (Series& part : *parts) {
      if (part.labels == labels) return &part;
    }
    parts->push_back({std::move(labels), evaluator_.NewColumn()});
    return &parts->back();
  }

  absl::StatusOr<Labels> Enrich(const Labels& base,
                                const std::vector<const Series*>& current) const {
    storage::LabelsBuilder builder(base);
    for (const Series* const info : current) {
      for (const storage::LabelView& label : info->labels) {
        if (label.name == storage::kMetricName || IsIdentifying(label.name)) continue;
        if (base.Has(label.name) || !request_.Wants(label.name)) continue;
        const std::string_view present = builder.Get(label.name);
        if (!present.empty() && present != label.value) {
          return absl::FailedPreconditionError(fmt::format("conflicting label: {}", label.name));
        }
        builder.Set(label.name, label.value);
      }
    }
    return builder.Build();
  }

  Evaluator& evaluator_;
  const InfoRequest request_;
  std::optional<VectorValue> infos_;
  absl::flat_hash_map<Labels, InfoGroups> by_target_;  // By job and instance; borrows infos_.
  absl::flat_hash_set<const InfoGroups*> counted_;
  VectorValue result_;
};

}  // namespace

absl::StatusOr<Value> CallInfo(Evaluator& evaluator, const promql::Call& call) {
  VIGIL_ASSIGN_OR_RETURN(VectorValue base, evaluator.Vector(*call.args[0]));
  VIGIL_ASSIGN_OR_RETURN(InfoRequest request, RequestOf(call));
  Enricher enricher(evaluator, std::move(request));
  VIGIL_RETURN_IF_ERROR(enricher.FindInfos(*call.args[0]));
  for (Series& series : base.series) VIGIL_RETURN_IF_ERROR(enricher.Add(std::move(series)));
  return enricher.Finish();
}

}  // namespace vigil::exec
