// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_types.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace vigil::server {

std::string_view HttpRequest::Parameter(std::string_view name) const {
  for (const auto& [parameter, value] : parameters) {
    if (parameter == name) return value;
  }
  return {};
}

void HttpRouter::Add(std::string method, std::string path, HttpHandler handler, HandlerKind kind) {
  handlers_[std::move(path)][std::move(method)] = {std::move(handler), kind};
}

const HttpRouter::Entry* HttpRouter::Find(const HttpRequest& request) const {
  const auto by_method = handlers_.find(request.path);
  if (by_method == handlers_.end()) return nullptr;
  const auto entry = by_method->second.find(request.method == "HEAD" ? "GET" : request.method);
  return entry == by_method->second.end() ? nullptr : &entry->second;
}

HandlerKind HttpRouter::KindOf(const HttpRequest& request) const {
  const Entry* const entry = Find(request);
  return entry == nullptr ? HandlerKind::kQuick : entry->kind;
}

HttpResponse HttpRouter::Route(const HttpRequest& request) const {
  if (const Entry* const entry = Find(request); entry != nullptr) return entry->handler(request);
  const auto by_method = handlers_.find(request.path);
  if (by_method == handlers_.end()) {
    return {404, "text/plain; charset=utf-8", fmt::format("no such path: {}\n", request.path), {}};
  }
  std::string allowed;
  for (const auto& [name, entry] : by_method->second) {
    allowed += (allowed.empty() ? "" : ", ") + name;
  }
  return {405,
          "text/plain; charset=utf-8",
          fmt::format("{} does not take {}, only {}\n", request.path, request.method, allowed),
          {{"Allow", allowed}}};
}

std::vector<std::pair<std::string, std::string>> ParseQueryString(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string_view piece : Split(text, '&')) {
    if (piece.empty()) continue;
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
