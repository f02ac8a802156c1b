// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_types.h"

#include <set>

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::server {
namespace {

// Whether `piece` of a query can be told: a semicolon may be meant to part two of them, or not.
bool IsWellFormed(std::string_view piece) {
  std::string byte;
  for (size_t i = 0; i < piece.size(); ++i) {
    if (piece[i] == ';') return false;
    if (piece[i] != '%') continue;
    if (i + 3 > piece.size() || !FromHex(piece.substr(i + 1, 2), &byte)) return false;
  }
  return true;
}

}  // namespace

std::string_view HttpRequest::Parameter(std::string_view name) const {
  for (const auto& [parameter, value] : parameters) {
    if (parameter == name) return value;
  }
  return {};
}

std::string_view HttpRequest::Header(std::string_view name) const {
  const auto header = headers.find(name);
  return header == headers.end() ? std::string_view() : header->second;
}

void HttpRouter::Add(std::string method, std::string path, HttpHandler handler, HandlerKind kind,
                     QuickTest is_quick) {
  handlers_[std::move(path)][std::move(method)] = {std::move(handler), kind, std::move(is_quick)};
}

void HttpRouter::AddPrefix(std::string method, std::string prefix, HttpHandler handler,
                           HandlerKind kind, QuickTest is_quick) {
  prefixes_[std::move(prefix)][std::move(method)] = {std::move(handler), kind, std::move(is_quick)};
}

std::vector<const HttpRouter::Methods*> HttpRouter::Matching(const std::string& path) const {
  std::vector<const Methods*> matching;
  // Longer prefixes of one path sort behind shorter ones.
  for (const auto& [prefix, methods] : prefixes_) {
    if (path.starts_with(prefix)) matching.insert(matching.begin(), &methods);
  }
  const auto whole = handlers_.find(path);
  if (whole != handlers_.end()) matching.insert(matching.begin(), &whole->second);
  return matching;
}

const HttpRouter::Entry* HttpRouter::Find(const HttpRequest& request) const {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  for (const Methods* const methods : Matching(request.path)) {
    const auto entry = methods->find(method);
    if (entry != methods->end()) return &entry->second;
  }
  return nullptr;
}

HandlerKind HttpRouter::KindOf(const HttpRequest& request) const {
  const Entry* const entry = Find(request);
  if (entry == nullptr || (entry->is_quick && entry->is_quick(request))) return HandlerKind::kQuick;
  return entry->kind;
}

HttpResponse HttpRouter::Route(const HttpRequest& request) const {
  if (const Entry* const entry = Find(request); entry != nullptr) return entry->handler(request);
  std::set<std::string_view> allowed;
  for (const Methods* const methods : Matching(request.path)) {
    for (const auto& [name, entry] : *methods) allowed.insert(name);
  }
  if (allowed.empty() || (allowed.size() == 1 && allowed.contains("OPTIONS"))) {
    return {404, "text/plain; charset=utf-8", fmt::format("no such path: {}\n", request.path), {}};
  }
  const std::string list = fmt::format("{}", fmt::join(allowed, ", "));
  return {405,
          "text/plain; charset=utf-8",
          fmt::format("{} does not take {}, only {}\n", request.path, request.method, list),
          {{"Allow", list}}};
}

std::vector<std::pair<std::string, std::string>> ParseQueryString(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string_view piece : Split(text, '&')) {
    if (piece.empty() || !IsWellFormed(piece)) continue;
    const size_t equals = piece.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
    pairs.emplace_back(PercentDecode(piece.substr(0, equals), true), PercentDecode(value, true));
  }
  return pairs;
}

std::string PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    std::string byte;
    if (text[i] == '%' && i + 3 <= text.size() && FromHex(text.substr(i + 1, 2), &byte)) {
      decoded += byte;
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace vigil::server
