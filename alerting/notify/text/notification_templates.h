// SPDX-License-Identifier: Apache-2.0
//
// The templates of a configuration: the built-in ones, those of its files, and the texts in its
// fields, which may call both.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "alerting/notify/notification.h"
#include "alerting/template/template.h"

namespace vigil::alerting {

// Named templates. Thread-safe as const.
class NotificationTemplates {
 public:
  // The built-in ones.
  NotificationTemplates();

  // Adds the definitions of a file, in place of others of their names. InvalidArgument names the
  // file, line and column of what is wrong with it.
  absl::Status Add(std::string_view file_name, std::string_view text);
  // There are files that are not read: from now on nobody is blamed for calling what is not there.
  void ExpectMore() { complete_ = false; }
  // Whether all functions that they call are there. Warns of templates that are not.
  absl::Status Check() const;

  const text_template::Template& definitions() const { return definitions_; }
  bool complete() const { return complete_; }

 private:
  text_template::Template definitions_;
  bool complete_ = true;
};

// A field of the configuration. A cheap value type; thread-safe as const.
class TemplateText {
 public:
  TemplateText() = default;
  // A text that is taken as it is.
  explicit TemplateText(std::string text) : text_(std::move(text)) {}
  // InvalidArgument for what is no template or calls functions that are not there.
  static absl::StatusOr<TemplateText> Parse(std::string_view name, std::string_view text,
                                            const NotificationTemplates& templates);

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  bool literal() const { return !template_.has_value(); }

 private:
  friend class NotificationTexts;
  std::string text_;
  std::optional<text_template::Template> template_;  // Not there when it has no actions.
};

// Expands the fields of one channel for one notification; remembers the first that fails.
class NotificationTexts {
 public:
  NotificationTexts(const Notification& notification, int64_t now_ms);

  // "" if it fails.
  std::string Expand(const TemplateText& text);
  // `text` with another value for ".".
  std::string ExpandFor(const TemplateText& text, const text_template::Value& dot);
  const text_template::Value& root() const { return root_; }
  const absl::Status& status() const { return status_; }

 protected:
  const text_template::Value root_;
  text_template::FunctionSet functions_;

 private:
  absl::Status status_;
};

// The same for texts of HTML: what comes from alerts is escaped, except by safeHtml.
class HtmlTexts : public NotificationTexts {
 public:
  HtmlTexts(const Notification& notification, int64_t now_ms);
};

// The first `max_runes` characters of `text`, the last of them "…" if there were more.
std::string TruncateRunes(std::string_view text, size_t max_runes);

}  // namespace vigil::alerting
