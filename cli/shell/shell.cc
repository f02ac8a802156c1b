// SPDX-License-Identifier: Apache-2.0
//
// `vigil shell`: questions one after the other, with history and completion.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/status.h"
#include "base/strings.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/logs_output.h"
#include "cli/query_call.h"
#include "cli/shell/completion.h"
#include "cli/shell/history.h"
#include "cli/shell/line_reader.h"
#include "cli/shell/server_catalog.h"
#include "cli/shell/settings.h"
#include "cli/shell/statement.h"
#include "proto/vigil/v1/admin.grpc.pb.h"
#include "proto/vigil/v1/query.grpc.pb.h"

namespace vigil::cli {
namespace {

constexpr const char* kPrompt = "vigil> ";
constexpr const char* kGoOnPrompt = "  ...> ";
constexpr uint32_t kLogLimit = 20;

class Session {
 public:
  Session(const ClientOptions& options, bool interactive)
      : options_(options),
        client_(options),
        catalog_(client_),
        interactive_(interactive),
        history_path_(HistoryPath([](const char* name) { return std::getenv(name); })) {
    settings_.format = options.format;
  }

  int Run() {
    if (const Reply reply = Greet(); reply.exit_status != kExitOk) return Deliver(reply);
    const std::unique_ptr<LineReader> reader = MakeReader();
    std::string line;
    while (!done_) {
      switch (reader->Read(pending_.empty() ? kPrompt : kGoOnPrompt, &line)) {
        case LineReader::Result::kLine:
          Take(line, *reader);
          break;
        case LineReader::Result::kInterrupted:
          Print("^C\n");
          pending_.clear();
          break;
        case LineReader::Result::kEnd:
          if (interactive_) Print("\n");
          // A file need not end with an empty line.
          if (!pending_.empty() && !interactive_) Finish(*reader);
          done_ = true;
      }
      std::fflush(stdout);
    }
    return exit_status_;
  }

 private:
  // Says where one is; a server that is not there is known at once.
  Reply Greet() {
    v1::StatusResponse response;
    grpc::ClientContext context;
    client_.Prepare(&context);
    const grpc::Status status =
        v1::AdminService::NewStub(client_.channel())->Status(&context, {}, &response);
    if (!status.ok()) return client_.Refuse(status);
    if (interactive_) {
      Print(fmt::format("vigil {} at {}. Tab completes, \\help tells more, \\q leaves.\n",
                        response.version(), options_.server));
    }
    return {};
  }

  std::unique_ptr<LineReader> MakeReader() {
    if (!interactive_) return MakePlainReader();
    CatchInterrupts();
    LineHelp help;
    help.complete = [this](std::string_view line, size_t cursor) {
      const size_t before = pending_.empty() ? 0 : pending_.size() + 1;
      Completion completion = Complete(WithPending(line), before + cursor, catalog_);
      // What began in an earlier line cannot be replaced any more.
      if (completion.begin < before) return Completion{cursor, {}};
      completion.begin -= before;
      return completion;
    };
    help.hint = [this](std::string_view line, size_t cursor) {
      const size_t before = pending_.empty() ? 0 : pending_.size() + 1;
      const std::string text = WithPending(line);
      return text.starts_with('\\') ? std::string() : CallHint(text, before + cursor);
    };
    std::unique_ptr<LineReader> reader = MakeEditingReader(help, StandardOutput().color);
    for (const std::string& question : LoadHistory(history_path_)) reader->Remember(question);
    return reader;
  }

  std::string WithPending(std::string_view line) const {
    return pending_.empty() ? std::string(line) : fmt::format("{}\n{}", pending_, line);
  }

  void Take(const std::string& line, LineReader& reader) {
    const std::string_view text = Trim(line);
    if (pending_.empty()) {
      if (text.empty()) return;
      if (text == "quit" || text == "exit") {
        done_ = true;
        return;
      }
      if (text.starts_with('\\')) {
        Remember(std::string(text), reader);
        return Command(text);
      }
    }
    pending_ = WithPending(line);
    // An empty line asks what there is, so that nobody is caught in an open bracket.
    if (text.empty() || !IsUnfinished(pending_)) Finish(reader);
  }

  // Asks what was put together.
  void Finish(LineReader& reader) {
    const std::string query = std::exchange(pending_, "");
    if (Trim(query).empty()) return;
    Remember(OnOneLine(query), reader);
    Ask(settings_.CallFor(query));
  }

  void Remember(const std::string& question, LineReader& reader) {
    reader.Remember(question);
    if (!interactive_ || history_path_.empty() || !history_works_) return;
    const absl::Status status = AddToHistory(history_path_, question);
    if (status.ok()) return;
    // Once is enough.
    history_works_ = false;
    fmt::print(stderr, "note: what you ask is not kept: {}\n", MessageOf(status));
  }

  void Say(const Reply& reply) {
    Deliver(reply);
    if (reply.exit_status != kExitOk) exit_status_ = interactive_ ? kExitOk : reply.exit_status;
  }

  void Ask(const QueryCall& call) {
    TakeInterrupt();
    const Client client = Formatted();
    const Reply reply = AskQuery(call, client, StandardOutput());
    if (TakeInterrupt()) return Say({kExitRefused, "", "^C\n"});
    Say(reply);
  }

  // A client for the format that is set.
  Client Formatted() const { return client_.WithFormat(settings_.format); }

  void Command(std::string_view text) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string_view name = text.substr(0, space);
    const std::string_view argument = Trim(text.substr(space));
    if (name == "\\q" || name == "\\quit") {
      done_ = true;
    } else if (name == "\\help" || name == "\\?" || name == "\\h") {
      Print(ShellHelp());
    } else if (name == "\\metrics") {
      ShowNames("metric", catalog_.MetricNames(), argument);
    } else if (name == "\\labels") {
      ShowNames("label", catalog_.LabelNames(std::string(argument)), "");
    } else if (name == "\\logs") {
      ShowLogs(argument);
    } else if (name == "\\plot" && !argument.empty() && argument != "on" && argument != "off") {
      QueryCall call = settings_.CallFor(argument);
      call.plot = true;
      call.step = settings_.step;
      Ask(call);
    } else if (name == "\\explain") {
      Explain(argument);
    } else if (FindShellCommand(name) != nullptr) {
      const absl::StatusOr<std::string> now = ApplySetting(name, argument, &settings_);
      Say(now.ok() ? Reply{kExitOk, *now + "\n", ""}
                   : Refusal(kExitUsage, MessageOf(now.status())));
    } else {
      Say(Refusal(kExitUsage, fmt::format("there is no command {}; \\help lists them", name)));
    }
  }

  void Explain(std::string_view query) {
    if (query.empty()) {
      return Say(Refusal(kExitUsage, "name an expression: \\explain sum(rate(m_total[5m]))"));
    }
    QueryCall call = settings_.CallFor(query);
    call.explain = true;
    Ask(call);
  }

  void ShowNames(const std::string& header, std::vector<std::string> names, std::string_view part) {
    std::erase_if(names,
                  [part](const std::string& name) { return name.find(part) == std::string::npos; });
    const Answer answer = {.json = [&] { return nlohmann::ordered_json(names); },
                           .table =
                               [&] {
                                 Table table({header});
                                 for (const std::string& name : names) table.Add({name});
                                 return table;
                               },
                           .when_empty = "there are none of the last day"};
    Say(Formatted().Show(answer, StandardOutput()));
  }

  void ShowLogs(std::string_view query) {
    if (query.empty()) {
      return Say(Refusal(kExitUsage, "which? For example \\logs {service_name=\"gateway\"}"));
    }
    TimeOptions range;
    range.last = settings_.range;
    const absl::StatusOr<TimeRange> resolved = range.Resolve(SystemClock().NowMs(), kMillisPerHour);
    if (!resolved.ok()) return Say(Refusal(kExitUsage, MessageOf(resolved.status())));
    v1::LogsRequest request;
    request.set_query(std::string(query));
    request.set_start_ns(resolved->start_ms * kNanosPerMilli);
    request.set_end_ns((resolved->end_ms + 1) * kNanosPerMilli);
    request.set_limit(kLogLimit);
    TakeInterrupt();
    grpc::ClientContext context;
    client_.Prepare(&context);
    const CancelOnInterrupt guard(&context);
    const auto reader = v1::QueryService::NewStub(client_.channel())->Logs(&context, request);
    std::vector<v1::LogResult> records;
    v1::LogsResponse response;
    while (reader->Read(&response)) {
      records.insert(records.end(), response.records().begin(), response.records().end());
    }
    const grpc::Status status = reader->Finish();
    if (TakeInterrupt()) return Say({kExitRefused, "", "^C\n"});
    if (!status.ok()) return Say(client_.Refuse(status, query));
    // As a conversation goes: the newest stands next to the prompt.
    std::reverse(records.begin(), records.end());
    Say(Formatted().Show(AnswerOf(records), StandardOutput()));
  }

  const ClientOptions& options_;
  const Client client_;
  ServerCatalog catalog_;
  const bool interactive_;
  const std::string history_path_;
  bool history_works_ = true;
  ShellSettings settings_;
  std::string pending_;  // Lines of a question that goes on.
  bool done_ = false;
  int exit_status_ = kExitOk;
};

}  // namespace

void AddShell(CLI::App* program, int* exit_status) {
  auto options = std::make_shared<ClientOptions>();
  CLI::App* const command = program->add_subcommand(
      "shell", "Ask PromQL questions one after the other, with history and completion");
  options->AddTo(command);
  command->footer(
      "Examples:\n"
      "  vigil shell\n"
      "  vigil shell -o csv < questions.promql");
  command->callback([options, exit_status] {
    const bool interactive = ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
    *exit_status = Session(*options, interactive).Run();
  });
}

}  // namespace vigil::cli
