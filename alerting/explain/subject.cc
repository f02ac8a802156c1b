// SPDX-License-Identifier: Apache-2.0
#include "alerting/explain/subject.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "alerting/alert.h"
#include "alerting/manager/matcher_parser.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

constexpr std::string_view kAlertName = "alertname";
constexpr size_t kFingerprintDigits = 16;

std::optional<uint64_t> ParseFingerprint(std::string_view text) {
  uint64_t fingerprint = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, fingerprint, 16);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == end;
  return text.size() == kFingerprintDigits && whole ? std::optional(fingerprint) : std::nullopt;
}

}  // namespace

bool AlertSubject::Matches(const storage::Labels& labels) const {
  if (fingerprint.has_value()) return Fingerprint(labels) == *fingerprint;
  return storage::MatchesAll(matchers, labels);
}

storage::Labels AlertSubject::NamedLabels() const {
  storage::LabelsBuilder labels;
  for (const storage::Matcher& matcher : matchers) {
    if (matcher.type() == storage::MatchType::kEqual) labels.Set(matcher.name(), matcher.value());
  }
  return labels.Build();
}

absl::StatusOr<AlertSubject> ParseAlertSubject(std::string_view text) {
  AlertSubject subject;
  subject.text = Trim(text);
  const std::string_view whole = subject.text;
  if (whole.empty()) {
    return absl::InvalidArgumentError(
        "name an alert, for example HighLatency or 'HighLatency{model=\"x\"}'");
  }
  subject.fingerprint = ParseFingerprint(whole);
  if (subject.fingerprint.has_value()) return subject;
  // A brace behind an operator is part of a value.
  const bool only_matchers = std::min(whole.find('='), whole.find("!~")) < whole.find('{');
  const size_t brace = only_matchers ? std::string_view::npos : whole.find('{');
  const std::string_view name = only_matchers ? "" : Trim(whole.substr(0, brace));
  if (!name.empty()) {
    subject.matchers.push_back(storage::Matcher::Equal(std::string(kAlertName), std::string(name)));
  }
  std::string_view rest;
  if (only_matchers) rest = whole;
  if (brace != std::string_view::npos) rest = whole.substr(brace);
  const bool nothing = std::all_of(rest.begin(), rest.end(),
                                   [](char c) { return c == '{' || c == '}' || c == ' '; });
  if (!nothing) {
    VIGIL_ASSIGN_OR_RETURN_WITH(std::vector<storage::Matcher> matchers, ParseMatchers(rest),
                                fmt::format("{} names no alert", whole));
    std::move(matchers.begin(), matchers.end(), std::back_inserter(subject.matchers));
  }
  if (subject.matchers.empty()) {
    return absl::InvalidArgumentError(fmt::format("{} names no alert: it takes all", whole));
  }
  return subject;
}

}  // namespace vigil::alerting
