// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/email.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <absl/time/time.h>
#include <fmt/format.h>

#include "alerting/notify/mail_message.h"
#include "alerting/notify/text/notification_templates.h"
#include "base/digest.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil::alerting {
namespace {

constexpr int kImplicitTlsPort = 465;

struct EmailConfig {
  TemplateText to;
  TemplateText from;
  std::string host;
  int port = 0;
  std::string hello;
  std::string auth_username;
  Secret auth_password;
  Secret auth_secret;
  std::string auth_identity;
  bool require_tls = true;
  bool implicit_tls = false;
  TlsConfig tls;
  TemplateText html;
  TemplateText text;
  std::vector<std::pair<std::string, TemplateText>> headers;
  bool threading = false;
  bool thread_by_date = true;
};

bool IsThisMachine(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

class Email final : public Channel {
 public:
  Email(ChannelSettings settings, EmailConfig config)
      : Channel(std::move(settings)), config_(std::move(config)) {}

  std::string_view kind() const override { return "email"; }

  absl::StatusOr<Delivery> MakeDelivery(const std::string& text,
                                        const DeliveryContext& context) const override {
    VIGIL_ASSIGN_OR_RETURN(const Notification notification, DecodeNotification(text));
    auto envelope = std::make_shared<MailEnvelope>();
    VIGIL_RETURN_IF_ERROR(SetLogin(envelope.get()));
    Delivery delivery;
    const bool ipv6 = config_.host.find(':') != std::string::npos;
    delivery.url =
        fmt::format("{}://{}{}{}:{}/{}", config_.implicit_tls ? "smtps" : "smtp", ipv6 ? "[" : "",
                    config_.host, ipv6 ? "]" : "", config_.port, config_.hello);
    envelope->require_tls = config_.require_tls;
    envelope->tls = config_.tls;
    VIGIL_ASSIGN_OR_RETURN(delivery.body, Write(notification, context, envelope.get()));
    delivery.mail = std::move(envelope);
    return delivery;
  }

 private:
  absl::Status SetLogin(MailEnvelope* envelope) const {
    if (config_.auth_username.empty()) return absl::OkStatus();
    if (!config_.auth_password.given() && !config_.auth_secret.given()) {
      return absl::InvalidArgumentError("auth_username needs an auth_password or an auth_secret");
    }
    envelope->username = config_.auth_username;
    envelope->identity = config_.auth_identity;
    if (config_.auth_password.given()) {
      if (!config_.require_tls && !config_.implicit_tls && !IsThisMachine(config_.host)) {
        return absl::InvalidArgumentError(
            "the password would go unencrypted: set require_tls, or authenticate with auth_secret");
      }
      VIGIL_ASSIGN_OR_RETURN_WITH(envelope->password, ReadSecret(config_.auth_password),
                                  "auth_password");
      envelope->mechanisms = "AUTH=PLAIN;AUTH=LOGIN";
    } else {
      VIGIL_ASSIGN_OR_RETURN_WITH(envelope->password, ReadSecret(config_.auth_secret),
                                  "auth_secret");
      envelope->mechanisms = "AUTH=CRAM-MD5";
    }
    return absl::OkStatus();
  }

  // The message; fills in who it is from and for.
  absl::StatusOr<std::string> Write(const Notification& notification,
                                    const DeliveryContext& context, MailEnvelope* envelope) const {
    NotificationTexts texts(notification, context.now_ms);
    const std::string from = texts.Expand(config_.from);
    const std::string to = texts.Expand(config_.to);
    MailMessage message;
    for (const auto& [name, value] : config_.headers) {
      message.headers.emplace_back(name, texts.Expand(value));
    }
    message.text = texts.Expand(config_.text);
    HtmlTexts html_texts(notification, context.now_ms);
    message.html = html_texts.Expand(config_.html);
    VIGIL_RETURN_IF_ERROR(texts.status());
    VIGIL_RETURN_IF_ERROR(html_texts.status());
    const auto senders = MailAddresses(from);
    if (!senders.has_value() || senders->size() != 1) {
      return absl::InvalidArgumentError(fmt::format("from \"{}\" is not one address", from));
    }
    const auto recipients = MailAddresses(to);
    if (!recipients.has_value() || recipients->empty()) {
      return absl::InvalidArgumentError(fmt::format("to \"{}\" is not a list of addresses", to));
    }
    envelope->from = senders->front();
    envelope->recipients = *recipients;
    AddHeaders(notification, context, from, to, &message);
    message.boundary = ToHex(Sha256(context.id + message.text + message.html)).substr(0, 32);
    return FormatMail(message);
  }

  void AddHeaders(const Notification& notification, const DeliveryContext& context,
                  const std::string& from, const std::string& to, MailMessage* message) const {
    const auto add = [message](std::string name, std::string value) {
      const bool given = std::any_of(
          message->headers.begin(), message->headers.end(),
          [&name](const auto& header) { return ToLower(header.first) == ToLower(name); });
      if (!given) message->headers.emplace_back(std::move(name), std::move(value));
    };
    add("To", to);
    add("From", from);
    // The same for every attempt, so that mailboxes know a repetition.
    add("Message-Id", fmt::format("<{}@{}>", context.id, config_.hello));
    add("X-Vigil-Notification-Id", context.id);
    add("Date", MailDate(context.now_ms));
    if (!config_.threading) return;
    std::string thread = fmt::format("alert-{}", GroupDigest(notification).substr(0, 16));
    if (config_.thread_by_date) {
      thread +=
          absl::FormatTime("-%Y-%m-%d", absl::FromUnixMillis(context.now_ms), absl::UTCTimeZone());
    }
    add("References", fmt::format("<{}@alertmanager>", thread));
    add("In-Reply-To", fmt::format("<{}@alertmanager>", thread));
  }

  const EmailConfig config_;
};

void ReadSmarthost(ChannelFields* fields, EmailConfig* config) {
  const std::string smarthost =
      fields->TakeString("smarthost", fields->reading().defaults.smtp_smarthost);
  if (smarthost.empty()) {
    return fields->errors().Add(fields->node(), "no global SMTP smarthost set");
  }
  const size_t colon = smarthost.rfind(':');
  const std::string port = colon == std::string::npos ? "" : smarthost.substr(colon + 1);
  std::string host = smarthost.substr(0, std::min(colon, smarthost.size()));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  uint16_t number = 0;
  const char* const end = port.data() + port.size();
  const auto parsed = std::from_chars(port.data(), end, number);
  if (host.empty() || parsed.ec != std::errc() || parsed.ptr != end || number == 0) {
    return fields->errors().Add(fields->map().MarkOf("smarthost"),
                                fmt::format("smarthost \"{}\" is not HOST:PORT", smarthost));
  }
  config->host = host;
  config->port = number;
}

void ReadTls(ChannelFields* fields, EmailConfig* config) {
  const ChannelDefaults& defaults = fields->reading().defaults;
  YamlMap& map = fields->map();
  config->require_tls = defaults.smtp_require_tls;
  map.TakeBool("require_tls", &config->require_tls);
  std::optional<bool> implicit = defaults.smtp_force_implicit_tls;
  if (bool own = false; map.TakeBool("force_implicit_tls", &own)) implicit = own;
  config->implicit_tls = implicit.value_or(config->port == kImplicitTlsPort);
  config->tls =
      map.Has("tls_config")
          ? ReadTlsConfig(map.Take("tls_config"), fields->reading().directory, &fields->errors())
          : defaults.smtp_tls;
}

void ReadHeaders(ChannelFields* fields, EmailConfig* config) {
  YamlMap map(fields->map().Take("headers"), "headers", &fields->errors());
  bool has_subject = false;
  for (const std::string& name : map.Names()) {
    const YAML::Node value = map.Take(name);
    if (!IsHeaderName(name)) {
      fields->errors().Add(value, fmt::format("\"{}\" is no header", name));
      continue;
    }
    const std::string lower = ToLower(name);
    for (const auto& [given, text] : config->headers) {
      if (ToLower(given) == lower) {
        fields->errors().Add(value, fmt::format("duplicate header \"{}\" in email config", name));
      }
    }
    has_subject |= lower == "subject";
    config->headers.emplace_back(name, fields->Template(value, name));
  }
  if (has_subject) return;
  const YAML::Node subject(R"({{ template "email.default.subject" . }})");
  config->headers.insert(config->headers.begin(),
                         {"Subject", fields->Template(subject, "subject")});
}

void ReadThreading(const YAML::Node& node, ChannelFields* fields, EmailConfig* config) {
  if (node.IsNull()) return;
  YamlMap map(node, "threading", &fields->errors());
  map.TakeBool("enabled", &config->threading);
  std::string by = "daily";
  map.TakeString("thread_by_date", &by);
  if (config->threading && by != "daily" && by != "none") {
    fields->errors().Add(map.MarkOf("thread_by_date"),
                         "threading.thread_by_date must be either 'none' or 'daily'");
  }
  config->thread_by_date = by == "daily";
  map.Finish();
}

}  // namespace

std::unique_ptr<Channel> ReadEmail(const YAML::Node& node, const ChannelReading& reading) {
  ChannelFields fields(node, "email_configs", reading);
  const ChannelDefaults& defaults = reading.defaults;
  EmailConfig config;
  config.to = fields.TakeTemplate("to");
  if (config.to.empty()) fields.errors().Add(node, "missing to address in email config");
  config.from = fields.TakeTemplate("from", defaults.smtp_from);
  if (config.from.empty()) fields.errors().Add(node, "no global SMTP from set");
  ReadSmarthost(&fields, &config);
  config.hello = fields.TakeString("hello", defaults.smtp_hello);
  if (config.hello.empty() || config.hello.find_first_of("/ ?#\r\n") != std::string::npos) {
    fields.errors().Add(fields.map().MarkOf("hello"), "hello must be the name of a host");
  }
  config.auth_username = fields.TakeString("auth_username", defaults.smtp_auth_username);
  config.auth_password = fields.TakeSecret("auth_password", defaults.smtp_auth_password);
  config.auth_secret = fields.TakeSecret("auth_secret", defaults.smtp_auth_secret);
  config.auth_identity = fields.TakeString("auth_identity", defaults.smtp_auth_identity);
  ReadTls(&fields, &config);
  config.html = fields.TakeTemplate("html", R"({{ template "email.default.html" . }})");
  config.text = fields.TakeTemplate("text", R"({{ template "email.default.text" . }})");
  ReadHeaders(&fields, &config);
  ReadThreading(fields.map().Take("threading"), &fields, &config);
  ChannelSettings settings;
  settings.send_resolved = fields.TakeSendResolved(false);
  fields.Finish();
  return std::make_unique<Email>(std::move(settings), std::move(config));
}

}  // namespace vigil::alerting
