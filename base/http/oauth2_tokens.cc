// SPDX-License-Identifier: Apache-2.0
#include "base/http/oauth2_tokens.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/http/curl_options.h"
#include "base/status.h"
#include "base/strings.h"

namespace vigil {
namespace {

using Clock = std::chrono::steady_clock;

constexpr long kTimeoutMs = 30'000;
// Tokens are a few kilobytes at most.
constexpr size_t kMaxAnswerBytes = 64 << 10;
constexpr size_t kMaxSnippetBytes = 256;
// A token is not used up to its last moment: the request has to arrive in time, too.
constexpr std::chrono::seconds kSafety{10};
// For how long a token is kept of which nobody says when it expires.
constexpr std::chrono::minutes kDefaultLife{5};
constexpr int64_t kMaxLifeSeconds = 365 * 24 * 3600;

// What makes two configurations ask for the same token.
std::string KeyOf(const Oauth2Config& config) {
  std::string key = fmt::format("{}\n{}\n{}\n{}\n{}", config.token_url, config.client_id,
                                config.client_secret.text, config.client_secret.file,
                                fmt::join(config.scopes, " "));
  for (const auto& [name, value] : config.endpoint_params)
    key += fmt::format("\n{}={}", name, value);
  return key;
}

std::string Escape(CURL* curl, const std::string& text) {
  char* const escaped = curl_easy_escape(curl, text.data(), static_cast<int>(text.size()));
  if (escaped == nullptr) return "";
  std::string copy(escaped);
  curl_free(escaped);
  return copy;
}

}  // namespace

struct Oauth2Tokens::Token {
  std::string header;
  Clock::time_point expires;
};

// One request for a token. libcurl points into it, so it stays where it is.
struct Oauth2Tokens::Fetch {
  std::string key;
  std::shared_ptr<const Oauth2Config> config;
  bool in_body = false;  // The client names itself in the body, for servers that want it so.
  std::string body;
  std::string answer;
  CurlLists lists;
  CurlHandle handle;

  absl::Status Prepare();
  absl::StatusOr<Token> TokenOf(CURLcode code, long status) const;
  static size_t Receive(char* data, size_t size, size_t count, void* fetch);
};

absl::Status Oauth2Tokens::Fetch::Prepare() {
  CURL* const curl = handle.get();
  if (curl == nullptr) return absl::ResourceExhaustedError("libcurl has no memory");
  VIGIL_ASSIGN_OR_RETURN_WITH(const std::string secret, ReadSecret(config->client_secret),
                              "oauth2");
  body = "grant_type=client_credentials";
  if (!config->scopes.empty()) {
    body += "&scope=" + Escape(curl, fmt::format("{}", fmt::join(config->scopes, " ")));
  }
  for (const auto& [name, value] : config->endpoint_params) {
    body += fmt::format("&{}={}", Escape(curl, name), Escape(curl, value));
  }
  HttpConfig http;
  http.tls = config->tls;
  http.proxy = config->proxy;
  if (in_body) {
    body += fmt::format("&client_id={}&client_secret={}", Escape(curl, config->client_id),
                        Escape(curl, secret));
  } else {
    http.basic_auth = BasicAuth{{Escape(curl, config->client_id), ""}, {Escape(curl, secret), ""}};
  }
  VIGIL_RETURN_IF_ERROR(SetHttpOptions(http, config->token_url, curl, &lists));
  Append("Accept: application/json", &lists.headers);
  SetHeaders(curl, lists);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Fetch::Receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  return absl::OkStatus();
}

size_t Oauth2Tokens::Fetch::Receive(char* data, size_t size, size_t count, void* fetch) {
  std::string& answer = static_cast<Fetch*>(fetch)->answer;
  const size_t bytes = size * count;
  if (answer.size() + bytes > kMaxAnswerBytes) return 0;  // Ends the transfer.
  answer.append(data, bytes);
  return bytes;
}

absl::StatusOr<Oauth2Tokens::Token> Oauth2Tokens::Fetch::TokenOf(CURLcode code, long status) const {
  const std::string what = fmt::format("asking {} for a token", config->token_url);
  if (code != CURLE_OK) {
    return absl::UnavailableError(fmt::format("{}: {}", what, curl_easy_strerror(code)));
  }
  const std::string snippet =
      ReplaceInvalidUtf8(std::string_view(answer).substr(0, kMaxSnippetBytes));
  if (status < 200 || status > 299) {
    return absl::UnavailableError(fmt::format("{}: status {}: {}", what, status, snippet));
  }
  const nlohmann::json json = nlohmann::json::parse(answer, nullptr, false);
  const auto text = [&](const char* name) {
    const auto at = json.is_object() ? json.find(name) : json.end();
    return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  Token token;
  const std::string access_token = text("access_token");
  if (access_token.empty() || !IsHeaderText(access_token)) {
    return absl::UnavailableError(fmt::format("{}: the answer has no access_token", what));
  }
  const std::string type = text("token_type");
  const bool bearer = type.empty() || ToLower(type) == "bearer" || !IsHeaderName(type);
  token.header = fmt::format("Authorization: {} {}", bearer ? "Bearer" : type, access_token);
  token.expires = Clock::now() + kDefaultLife;
  if (const auto at = json.find("expires_in"); at != json.end() && at->is_number()) {
    const double seconds = std::clamp<double>(at->get<double>(), 0, kMaxLifeSeconds);
    token.expires = Clock::now() + std::chrono::seconds(static_cast<int64_t>(seconds)) - kSafety;
  }
  return token;
}

Oauth2Tokens::Oauth2Tokens() = default;
Oauth2Tokens::~Oauth2Tokens() = default;

void Oauth2Tokens::Get(CurlLoop& loop, const std::shared_ptr<const Oauth2Config>& config, Use use) {
  const std::string key = KeyOf(*config);
  if (const auto at = tokens_.find(key); at != tokens_.end()) {
    if (at->second.expires > Clock::now()) return use(loop, at->second.header);
    tokens_.erase(at);
  }
  const auto [at, first] = waiting_.try_emplace(key);
  at->second.push_back(std::move(use));
  if (!first) return;
  if (const absl::Status status = Begin(loop, key, config, false); !status.ok()) {
    Tell(loop, key, status);
  }
}

absl::Status Oauth2Tokens::Begin(CurlLoop& loop, const std::string& key,
                                 const std::shared_ptr<const Oauth2Config>& config, bool in_body) {
  auto fetch = std::make_unique<Fetch>();
  fetch->key = key;
  fetch->config = config;
  fetch->in_body = in_body;
  fetch->handle.reset(curl_easy_init());
  VIGIL_RETURN_IF_ERROR(fetch->Prepare());
  CURL* const handle = fetch->handle.get();
  if (!loop.Add(handle)) return absl::ResourceExhaustedError("libcurl has no room for a request");
  fetches_.emplace(handle, std::move(fetch));
  return absl::OkStatus();
}

void Oauth2Tokens::Tell(CurlLoop& loop, const std::string& key,
                        const absl::StatusOr<std::string>& header) {
  const auto at = waiting_.find(key);
  if (at == waiting_.end()) return;
  const std::vector<Use> uses = std::move(at->second);
  waiting_.erase(at);
  for (const Use& use : uses) use(loop, header);
}

bool Oauth2Tokens::End(CurlLoop& loop, CURL* handle, CURLcode code) {
  const auto at = fetches_.find(handle);
  if (at == fetches_.end()) return false;
  const std::unique_ptr<Fetch> fetch = std::move(at->second);
  fetches_.erase(at);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  // Some servers want the client's name in the body, where the standard has it second.
  if (code == CURLE_OK && (status == 400 || status == 401) && !fetch->in_body &&
      Begin(loop, fetch->key, fetch->config, true).ok()) {
    return true;
  }
  absl::StatusOr<Token> token = fetch->TokenOf(code, status);
  if (!token.ok()) {
    Tell(loop, fetch->key, token.status());
  } else {
    const std::string header = token->header;
    tokens_[fetch->key] = *std::move(token);
    Tell(loop, fetch->key, header);
  }
  return true;
}

void Oauth2Tokens::Forget(const Oauth2Config& config) { tokens_.erase(KeyOf(config)); }

void Oauth2Tokens::GiveUp(CurlLoop& loop) {
  for (const auto& [handle, fetch] : fetches_) loop.Remove(handle);
  fetches_.clear();
  while (!waiting_.empty()) {
    Tell(loop, std::string(waiting_.begin()->first), absl::CancelledError("the HTTP client ends"));
  }
}

}  // namespace vigil
