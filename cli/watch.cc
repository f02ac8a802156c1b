// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <thread>

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/clock.h"
#include "base/duration.h"
#include "base/status.h"
#include "base/strings.h"
#include "cli/text/display.h"

namespace vigil::cli {
namespace {

constexpr int64_t kMinWatchMs = 100;

// Lines are not wrapped meanwhile, so that a frame has as many lines on the screen as it has.
constexpr std::string_view kBegin = "\x1b[?25l\x1b[?7l";
constexpr std::string_view kEnd = "\x1b[?7h\x1b[?25h";

bool g_on_terminal = false;

// Ends the process as Ctrl-C should: what is in flight is given up, the cursor comes back.
void EndWatch(int) {
  if (g_on_terminal) {
    const ssize_t ignored = ::write(STDOUT_FILENO, kEnd.data(), kEnd.size());
    static_cast<void>(ignored);
  }
  ::_exit(kExitOk);
}

std::string LocalTimeText() {
  const std::time_t now = static_cast<std::time_t>(SystemClock().NowMs() / kMillisPerSecond);
  std::tm local = {};
  ::localtime_r(&now, &local);
  std::array<char, 16> text = {};
  return {text.data(), std::strftime(text.data(), text.size(), "%H:%M:%S", &local)};
}

std::string Styled(std::string_view text, int style, const Terminal& terminal) {
  return terminal.color ? fmt::format("\x1b[{}m{}\x1b[0m", style, text) : std::string(text);
}

// What a watch shows: when and what, the newest answer, and what keeps it from being newer.
class Watcher {
 public:
  Watcher(const WatchOptions& options, std::string_view title)
      : interval_(FormatDurationMs(options.interval_ms)), title_(Printable(title)) {}

  void Take(const Reply& reply) {
    const std::string now = LocalTimeText();
    if (reply.exit_status == kExitOk) {
      if (!trouble_.empty() && !g_on_terminal) std::fputs("the answers go on\n", stderr);
      trouble_.clear();
      answer_ = reply.err + reply.out;
      answered_at_ = now;
    } else {
      if (trouble_.empty()) since_ = now;
      const bool is_new = trouble_.empty();
      trouble_ = std::string(Trim(reply.err));
      if (is_new && !g_on_terminal) fmt::print(stderr, "{}; trying again\n", trouble_);
    }
  }

  std::string Frame(const Terminal& terminal) const {
    const std::string head = fmt::format("every {}: {}", interval_, title_);
    const auto width = static_cast<size_t>(terminal.width);
    const std::string time = "  " + answered_at_;
    const size_t room = width > time.size() ? width - time.size() : 0;
    std::string frame =
        Styled(PadRight(Shorten(head, room, terminal.unicode), room) + time, 90, terminal) + "\n";
    if (!trouble_.empty()) {
      frame += Styled(fmt::format("no new answer since {}; trying again", since_), 31, terminal);
      frame += "\n" + trouble_ + "\n";
    }
    return frame + answer_;
  }

 private:
  const std::string interval_;
  const std::string title_;
  std::string answer_;
  std::string answered_at_;
  std::string trouble_;  // The last error, while it lasts.
  std::string since_;
};

// The terminal without the line that a frame begins with.
Terminal BelowHead(Terminal terminal) {
  terminal.height = std::max(1, terminal.height - 2);
  return terminal;
}

int Watch(const WatchOptions& options, std::string_view title, const AskOnce& run) {
  g_on_terminal = StandardOutput().interactive;
  std::signal(SIGINT, EndWatch);
  std::signal(SIGTERM, EndWatch);
  Watcher watcher(options, title);
  Screen screen;
  const std::chrono::milliseconds interval(options.interval_ms);
  for (bool first = true;; first = false) {
    const auto begin = std::chrono::steady_clock::now();
    const Terminal terminal = StandardOutput();
    const Reply reply = run(g_on_terminal ? BelowHead(terminal) : terminal);
    if (first && reply.exit_status != kExitOk) return Deliver(reply);
    watcher.Take(reply);
    if (g_on_terminal) {
      Print(screen.Redraw(watcher.Frame(terminal), terminal));
    } else if (reply.exit_status == kExitOk) {
      Deliver(reply);
    }
    // A reader that has gone ends the watch as it ends any other writer.
    if (std::fflush(stdout) != 0) return kExitOk;
    // A slow server is not asked again before it had its rest.
    std::this_thread::sleep_until(
        std::max(begin + interval, std::chrono::steady_clock::now() + interval / 10));
  }
}

}  // namespace

absl::StatusOr<int64_t> ParseWatchInterval(std::string_view text) {
  double seconds = 0;
  int64_t interval_ms = 0;
  if (ParseDouble(text, &seconds) && std::isfinite(seconds) && std::fabs(seconds) < 1e9) {
    interval_ms = std::llround(seconds * kMillisPerSecond);
  } else {
    VIGIL_ASSIGN_OR_RETURN(interval_ms, ParseDurationMs(text));
  }
  if (interval_ms < kMinWatchMs) {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\" is too often: 100ms is the shortest interval", text));
  }
  return interval_ms;
}

std::vector<std::string> WithWatchIntervals(std::vector<std::string> arguments) {
  std::vector<std::string> result;
  for (size_t i = 0; i < arguments.size(); ++i) {
    result.push_back(arguments[i]);
    // Behind "--" there are no options.
    if (arguments[i] == "--") {
      result.insert(result.end(), arguments.begin() + i + 1, arguments.end());
      break;
    }
    if (arguments[i] != "--watch" && arguments[i] != "-w") continue;
    const bool given = i + 1 < arguments.size() && !arguments[i + 1].empty() &&
                       (arguments[i + 1][0] >= '0' && arguments[i + 1][0] <= '9') &&
                       ParseWatchInterval(arguments[i + 1]).ok();
    if (!given) result.push_back(FormatDurationMs(kDefaultWatchMs));
  }
  return result;
}

void WatchOptions::AddTo(CLI::App* command) {
  command
      ->add_option_function<std::string>(
          "-w,--watch",
          [this](const std::string& text) {
            const absl::StatusOr<int64_t> interval = ParseWatchInterval(text);
            if (interval.ok()) interval_ms = *interval;
          },
          "Ask again every INTERVAL (2s unless given) and redraw, until Ctrl-C")
      ->check(
          [](const std::string& text) {
            const absl::StatusOr<int64_t> interval = ParseWatchInterval(text);
            return interval.ok() ? std::string() : std::string(MessageOf(interval.status()));
          },
          "")
      ->type_name("[INTERVAL]");
}

std::string Screen::Redraw(std::string_view frame, const Terminal& terminal) {
  std::string text(kBegin);
  if (lines_ > 0 && (terminal.width != width_ || terminal.height != height_)) {
    // A window of another size has folded the old lines anew: nobody knows where they are.
    text += "\x1b[H\x1b[2J";
  } else if (lines_ > 0) {
    text += fmt::format("\x1b[{}F", lines_);
  }
  width_ = terminal.width;
  height_ = terminal.height;
  if (frame.ends_with('\n')) frame.remove_suffix(1);
  std::vector<std::string_view> lines = Split(frame, '\n');
  // The cursor stands on a line of its own below.
  const auto room = static_cast<size_t>(std::max(2, terminal.height - 1));
  std::string more;
  if (lines.size() > room) {
    more = fmt::format("({} more lines)", lines.size() - room + 1);
    lines.resize(room - 1);
    lines.push_back(more);
  }
  // Each line is cleared behind its text only, so that nothing flickers.
  for (const std::string_view line : lines) text += fmt::format("{}\x1b[K\n", line);
  lines_ = static_cast<int>(lines.size());
  return text + "\x1b[J" + std::string(kEnd);
}

int RunOrWatch(const WatchOptions& options, std::string_view title, const AskOnce& run) {
  return options.interval_ms == 0 ? Deliver(run(StandardOutput())) : Watch(options, title, run);
}

}  // namespace vigil::cli
