// SPDX-License-Identifier: Apache-2.0
//
// Lines of a terminal, edited with libedit. Tab writes what all candidates share, and lists them
// when that is nothing; the right edge shows the signature of the function whose arguments are
// written.
#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <utility>

#include <fmt/format.h>

#include "cli/interrupt.h"
#include "cli/shell/candidate_list.h"
#include "cli/shell/history.h"
#include "cli/shell/line_reader.h"
#include "cli/text/display.h"
#include "cli/text/terminal.h"

namespace vigil::cli {
namespace {

// Stands around what moves no cursor in a prompt.
constexpr char kLiteral = '\1';

void WakeUp(int) {}

// libedit reads characters by the locale; a query is UTF-8 whatever that says.
void UseUtf8() {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

size_t CountCharacters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

class EditingReader final : public LineReader {
 public:
  EditingReader(LineHelp help, bool color) : help_(std::move(help)), color_(color) {
    UseUtf8();
    // A window of another size must wake who waits for a key.
    struct sigaction action = {};
    action.sa_handler = WakeUp;
    ::sigaction(SIGWINCH, &action, nullptr);
    line_ = ::el_init("vigil", stdin, stdout, stderr);
    history_ = ::history_init();
    HistEvent event;
    ::history(history_, &event, H_SETSIZE, static_cast<int>(kMaxHistory));
    ::history(history_, &event, H_SETUNIQUE, 1);
    ::el_set(line_, EL_CLIENTDATA, this);
    ::el_set(line_, EL_EDITOR, "emacs");
    ::el_set(line_, EL_HIST, ::history, history_);
    ::el_set(line_, EL_PROMPT_ESC, &EditingReader::PromptOf, kLiteral);
    ::el_set(line_, EL_RPROMPT_ESC, &EditingReader::HintOf, kLiteral);
    ::el_set(line_, EL_GETCFN, &EditingReader::ReadCharacter);
    ::el_set(line_, EL_ADDFN, "vigil-complete", "Complete", &EditingReader::OnTab);
    ::el_set(line_, EL_ADDFN, "vigil-insert", "Insert and show a hint", &EditingReader::OnBracket);
    ::el_set(line_, EL_BIND, "^I", "vigil-complete", nullptr);
    for (const char* const bracket : {"(", ")", ","}) {
      ::el_set(line_, EL_BIND, bracket, "vigil-insert", nullptr);
    }
    ::el_set(line_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    // As other programs have them.
    ::el_set(line_, EL_BIND, "\\e[1;5C", "em-next-word", nullptr);
    ::el_set(line_, EL_BIND, "\\e[1;5D", "ed-prev-word", nullptr);
    ::el_set(line_, EL_BIND, "\\e[3~", "ed-delete-next-char", nullptr);
    ::el_source(line_, nullptr);
  }

  ~EditingReader() override {
    ::el_end(line_);
    ::history_end(history_);
  }

  Result Read(const std::string& prompt, std::string* line) override {
    prompt_ = color_ ? fmt::format("{0}\x1b[1;36m{0}{1}{0}\x1b[0m{0}", kLiteral, prompt) : prompt;
    interrupted_ = false;
    int length = 0;
    // Before the prompt is seen: keys that follow it at once are already for the editor.
    ::el_set(line_, EL_PREP_TERM, 1);
    const char* const text = ::el_gets(line_, &length);
    if (interrupted_) return Result::kInterrupted;
    if (text == nullptr || length <= 0) return Result::kEnd;
    line->assign(text, static_cast<size_t>(length));
    if (line->ends_with('\n')) line->pop_back();
    return Result::kLine;
  }

  void Remember(const std::string& question) override {
    HistEvent event;
    ::history(history_, &event, H_ENTER, question.c_str());
  }

 private:
  static EditingReader* Self(EditLine* line) {
    void* self = nullptr;
    ::el_get(line, EL_CLIENTDATA, &self);
    return static_cast<EditingReader*>(self);
  }

  static char* PromptOf(EditLine* line) { return Self(line)->prompt_.data(); }

  static char* HintOf(EditLine* line) {
    EditingReader& self = *Self(line);
    const LineInfo* const info = ::el_line(line);
    const std::string hint =
        self.help_.hint({info->buffer, static_cast<size_t>(info->lastchar - info->buffer)},
                        static_cast<size_t>(info->cursor - info->buffer));
    self.hint_ = hint.empty() || !self.color_
                     ? hint
                     : fmt::format("{0}\x1b[90m{0}{1}{0}\x1b[0m{0}", kLiteral, hint);
    return self.hint_.data();
  }

  // The next key; 0 at the end of input, and when Ctrl-C ends the line.
  static int ReadCharacter(EditLine* line, wchar_t* character) {
    std::mbstate_t state = {};
    while (true) {
      // Also what came while nobody waited, as between two keys.
      if (TakeInterrupt()) {
        Self(line)->interrupted_ = true;
        return 0;
      }
      pollfd input = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
      const int ready = ::poll(&input, 1, static_cast<int>(kInterruptPoll.count()));
      if (ready == 0) continue;
      if (ready < 0 && errno == EINTR) {
        ::el_resize(line);
        continue;
      }
      char byte = 0;
      const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return 0;
      const size_t used = std::mbrtowc(character, &byte, 1, &state);
      if (used == static_cast<size_t>(-2)) continue;
      if (used != static_cast<size_t>(-1)) return 1;
      state = {};
    }
  }

  static unsigned char OnBracket(EditLine* line, int key) {
    const char text[] = {static_cast<char>(key), '\0'};
    return ::el_insertstr(line, text) == 0 ? CC_REFRESH : CC_ERROR;
  }

  static unsigned char OnTab(EditLine* line, int) { return Self(line)->Complete(); }

  unsigned char Complete() {
    const LineInfo* const info = ::el_line(line_);
    const std::string text(info->buffer, info->lastchar);
    const auto cursor = static_cast<size_t>(info->cursor - info->buffer);
    const Completion completion = help_.complete(text, cursor);
    if (completion.candidates.empty() || completion.begin > cursor) return CC_REFRESH_BEEP;
    const std::string typed = text.substr(completion.begin, cursor - completion.begin);
    std::string better = CommonPrefix(completion.candidates);
    const bool only = completion.candidates.size() == 1;
    if (only) better += completion.candidates.front().suffix;
    if (better != typed && (only || better.size() > typed.size())) {
      ::el_deletestr(line_, static_cast<int>(CountCharacters(typed)));
      return ::el_insertstr(line_, better.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    }
    if (only) return CC_REFRESH_BEEP;
    std::printf("\n%s", CandidateList(completion.candidates, StandardOutput()).c_str());
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  const LineHelp help_;
  const bool color_;
  EditLine* line_ = nullptr;
  History* history_ = nullptr;
  std::string prompt_;
  std::string hint_;
  bool interrupted_ = false;
};

}  // namespace

std::unique_ptr<LineReader> MakeEditingReader(LineHelp help, bool color) {
  return std::make_unique<EditingReader>(std::move(help), color);
}

}  // namespace vigil::cli
