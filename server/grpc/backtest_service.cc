// SPDX-License-Identifier: Apache-2.0
#include "server/grpc/backtest_service.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include "alerting/replay/backtest.h"
#include "alerting/rules/rule_file.h"
#include "base/clock.h"
#include "base/status.h"
#include "collector/admission/grpc_status.h"
#include "proto/vigil/v1/backtest.grpc.pb.h"
#include "query/promql/parser.h"
#include "server/grpc/backtest_pages.h"
#include "server/grpc/call.h"
#include "server/grpc/convert.h"

namespace vigil::server {
namespace {

using alerting::BacktestResult;
using alerting::FiringSpell;
using alerting::RuleGroup;
using alerting::RuleVerdict;
using Writer = grpc::ServerWriter<v1::BacktestResponse>;
using RuleFiles = google::protobuf::RepeatedPtrField<v1::RuleFile>;

constexpr int64_t kProgressIntervalNs = 200 * kNanosPerMilli;
// In one message, so that it stays below what clients take by default.
constexpr size_t kSpellsPerMessage = 500;

absl::StatusOr<std::vector<RuleGroup>> ParseFiles(const RuleFiles& files,
                                                  const promql::ParseOptions& language) {
  std::vector<RuleGroup> groups;
  for (const v1::RuleFile& file : files) {
    VIGIL_ASSIGN_OR_RETURN(std::vector<RuleGroup> some,
                           alerting::ParseRuleFile(file.name(), file.text()));
    for (const RuleGroup& group : some) {
      for (const alerting::Rule& rule : group.rules) {
        // The file may use what queries may not.
        VIGIL_RETURN_IF_ERROR_WITH(promql::ParseExpr(rule.expr, language).status(),
                                   fmt::format("{}:{}: group \"{}\", \"{}\"", file.name(),
                                               rule.line, group.name, rule.name()));
      }
    }
    std::move(some.begin(), some.end(), std::back_inserter(groups));
  }
  return groups;
}

void ToMessage(const FiringSpell& spell, v1::FiringSpell* message) {
  ToMessages(spell.labels, message->mutable_labels());
  ToMessages(spell.annotations, message->mutable_annotations());
  message->set_value(spell.value);
  message->set_active_at_ms(spell.active_at_ms);
  message->set_fired_at_ms(spell.fired_at_ms);
  message->set_resolved_at_ms(spell.resolved_at_ms);
  message->set_fired_before(spell.fired_before);
}

// One call: the rules and, if there are any, those that they are held against.
class BacktestCall {
 public:
  BacktestCall(storage::MetricSource* source, const exec::Engine& engine, QueryGate& gate,
               grpc::ServerContext* context, Writer* writer)
      : gate_(gate),
        dependencies_{&engine, source, {.cancelled = &gate.closed()}},
        context_(*context),
        writer_(*writer) {}

  // What the server does itself.
  struct Live {
    const alerting::RuleEngineOptions& options;
    const alerting::RuleEngine& rules;
    const alerting::AlertManager& manager;
  };

  absl::Status Run(const v1::BacktestRequest& request, const Live& live) {
    const promql::ParseOptions& language = dependencies_.engine->options().language;
    VIGIL_ASSIGN_OR_RETURN(std::vector<RuleGroup> groups, ParseFiles(request.files(), language));
    VIGIL_ASSIGN_OR_RETURN(std::vector<RuleGroup> against, ParseFiles(request.against(), language));
    VIGIL_ASSIGN_OR_RETURN(BacktestManagers managers, ReadManagers(request, live.manager));
    const std::vector<std::string> files = FilesOf(groups);
    const std::vector<std::string> against_files = FilesOf(against);
    // At the instants at which the server evaluates these groups, if it does.
    std::vector<RuleGroup> running;
    for (const alerting::GroupStatus& group : live.rules.Status()) {
      running.emplace_back();
      running.back().file = group.file;
      running.back().name = group.name;
    }
    AlignSlots(running, &groups);
    AlignSlots(groups, &against);
    VIGIL_ASSIGN_OR_RETURN(const QueryGate::Pass pass, gate_.Enter(context_.deadline(), [this] {
      return context_.IsCancelled();
    }));
    const double share = against.empty() ? 1 : 0.5;
    alerting::BacktestRequest backtest = {std::move(groups), live.options,    request.from_ms(),
                                          request.to_ms(),   managers.tested, managers.time_zone};
    if (against.empty()) {
      // The same rules: evaluated once, and told to both.
      backtest.routes.insert(backtest.routes.end(), managers.against.begin(),
                             managers.against.end());
    }
    VIGIL_ASSIGN_OR_RETURN(const BacktestResult result, RunOne(backtest, 0, share));
    v1::BacktestResponse end;
    end.mutable_end()->set_evaluated_from_ms(result.evaluated_from_ms);
    end.mutable_end()->set_dropped_spells(result.dropped_spells);
    VIGIL_RETURN_IF_ERROR(Send(result, files, /*against=*/false));
    if (!against.empty()) {
      backtest.groups = std::move(against);
      backtest.routes = std::move(managers.against);
      VIGIL_ASSIGN_OR_RETURN(const BacktestResult other, RunOne(backtest, share, share));
      VIGIL_RETURN_IF_ERROR(Send(other, against_files, /*against=*/true));
      end.mutable_end()->set_dropped_spells(result.dropped_spells + other.dropped_spells);
    }
    return Write(end);
  }

 private:
  // The file of each rule, as the client calls it.
  static std::vector<std::string> FilesOf(const std::vector<RuleGroup>& groups) {
    std::vector<std::string> files;
    for (const RuleGroup& group : groups) {
      files.insert(files.end(), group.rules.size(), group.file);
    }
    return files;
  }

  absl::StatusOr<BacktestResult> RunOne(const alerting::BacktestRequest& request, double done,
                                        double share) {
    return RunBacktest(request, dependencies_,
                       [this, done, share](const alerting::BacktestProgress& progress) {
                         return Tell(done + share * progress.fraction, progress.evaluations);
                       });
  }

  absl::Status Tell(double fraction, int64_t evaluations) {
    if (context_.IsCancelled()) return absl::CancelledError("the client is gone");
    const int64_t now_ns = MonotonicNs();
    if (now_ns < told_ns_ + kProgressIntervalNs) return absl::OkStatus();
    told_ns_ = now_ns;
    v1::BacktestResponse response;
    response.mutable_progress()->set_fraction(fraction);
    response.mutable_progress()->set_evaluations(evaluations);
    return Write(response);
  }

  absl::Status Send(const BacktestResult& result, const std::vector<std::string>& files,
                    bool against) {
    for (size_t i = 0; i < result.rules.size(); ++i) {
      VIGIL_RETURN_IF_ERROR(Send(result.rules[i], files[i], against));
    }
    // Where both sides share the rules, the second is the other one.
    for (size_t i = 0; i < result.pages.size(); ++i) {
      VIGIL_RETURN_IF_ERROR(
          WritePages(result.pages[i], against || i > 0,
                     [this](const v1::BacktestResponse& response) { return Write(response); }));
    }
    return absl::OkStatus();
  }

  absl::Status Send(const RuleVerdict& verdict, const std::string& file, bool against) {
    size_t sent = 0;
    do {
      v1::BacktestResponse response;
      v1::BacktestRule* const rule = response.mutable_rule();
      rule->set_against(against);
      rule->set_file(file);
      rule->set_group(verdict.group);
      rule->set_name(verdict.name);
      rule->set_type(verdict.is_alert ? "alerting" : "recording");
      rule->set_evaluations(verdict.evaluations);
      rule->set_failures(verdict.failures);
      rule->set_last_error(verdict.last_error);
      rule->set_last_failure_ms(verdict.last_failure_ms);
      rule->set_near_misses(verdict.near_misses);
      rule->set_continues(sent > 0);
      const size_t end = std::min(verdict.spells.size(), sent + kSpellsPerMessage);
      for (; sent < end; ++sent) ToMessage(verdict.spells[sent], rule->add_spells());
      VIGIL_RETURN_IF_ERROR(Write(response));
    } while (sent < verdict.spells.size());
    return absl::OkStatus();
  }

  absl::Status Write(const v1::BacktestResponse& response) {
    if (writer_.Write(response)) return absl::OkStatus();
    return absl::CancelledError("the client is gone");
  }

  QueryGate& gate_;
  const alerting::BacktestDependencies dependencies_;
  grpc::ServerContext& context_;
  Writer& writer_;
  int64_t told_ns_ = 0;
};

class BacktestService final : public v1::BacktestService::Service {
 public:
  BacktestService(storage::Storage* storage, const exec::Engine* engine, QueryGate* gate,
                  const alerting::RuleEngineOptions& options, const alerting::RuleEngine* rules,
                  const alerting::AlertManager* manager)
      : storage_(*storage),
        engine_(*engine),
        gate_(*gate),
        options_(options),
        rules_(*rules),
        manager_(*manager) {}

  grpc::Status Backtest(grpc::ServerContext* context, const v1::BacktestRequest* request,
                        Writer* writer) override {
    return collector::ToGrpcStatus([&]() -> absl::Status {
      VIGIL_ASSIGN_OR_RETURN(const storage::TenantId tenant, TenantOf(*context, storage_));
      const std::unique_ptr<storage::MetricSource> source = storage_.MetricSourceFor(tenant);
      return BacktestCall(source.get(), engine_, gate_, context, writer)
          .Run(*request, {options_, rules_, manager_});
    }());
  }

 private:
  storage::Storage& storage_;
  const exec::Engine& engine_;
  QueryGate& gate_;
  const alerting::RuleEngineOptions options_;
  const alerting::RuleEngine& rules_;
  const alerting::AlertManager& manager_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeBacktestService(storage::Storage* storage,
                                                   const exec::Engine* engine, QueryGate* gate,
                                                   const alerting::RuleEngineOptions& options,
                                                   const alerting::RuleEngine* rules,
                                                   const alerting::AlertManager* manager) {
  return std::make_unique<BacktestService>(storage, engine, gate, options, rules, manager);
}

}  // namespace vigil::server
