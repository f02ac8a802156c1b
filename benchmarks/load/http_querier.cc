// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "benchmarks/load/querier.h"

namespace vigil::load {
namespace {

constexpr size_t kShownBytes = 300;

size_t Append(const char* data, size_t size, size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

class HttpQuerier final : public Querier {
 public:
  explicit HttpQuerier(std::string server) : server_(std::move(server)), curl_(curl_easy_init()) {
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &Append);
    curl_easy_setopt(curl_, CURLOPT_TCP_NODELAY, 1L);
  }
  ~HttpQuerier() override { curl_easy_cleanup(curl_); }
  HttpQuerier(const HttpQuerier&) = delete;
  HttpQuerier& operator=(const HttpQuerier&) = delete;

  std::string Ask(const std::string& query, const QueryRange& range, std::string* answer) override {
    char* const escaped = curl_easy_escape(curl_, query.data(), static_cast<int>(query.size()));
    // nocache: VictoriaMetrics is to compute each time, as the others do.
    const std::string url = fmt::format(
        "http://{}/api/v1/query_range?query={}&start={:.3f}&end={:.3f}&step={:.3f}&nocache=1",
        server_, escaped, static_cast<double>(range.start_ms) / 1e3,
        static_cast<double>(range.end_ms) / 1e3, static_cast<double>(range.step_ms) / 1e3);
    curl_free(escaped);
    curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, answer);
    if (const CURLcode code = curl_easy_perform(curl_); code != CURLE_OK) {
      return curl_easy_strerror(code);
    }
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) return fmt::format("{}: {}", status, answer->substr(0, kShownBytes));
    return "";
  }

  AnswerSize SizeOf(const std::string& answer) const override {
    AnswerSize size;
    const auto json = nlohmann::json::parse(answer, nullptr, /*allow_exceptions=*/false);
    const nlohmann::json::json_pointer result("/data/result");
    if (!json.is_object() || !json.contains(result)) return size;
    for (const auto& series : json[result]) {
      ++size.series;
      if (series.contains("values")) size.points += series["values"].size();
      if (series.contains("histograms")) size.points += series["histograms"].size();
    }
    return size;
  }

 private:
  const std::string server_;
  CURL* const curl_;
};

}  // namespace

std::unique_ptr<Querier> MakeHttpQuerier(const std::string& server) {
  return std::make_unique<HttpQuerier>(server);
}

}  // namespace vigil::load
