// SPDX-License-Identifier: Apache-2.0
#include "server/api/query_json.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/strings.h"
#include "query/exec/histogram/histogram_buckets.h"

namespace vigil::server {
namespace {

constexpr const char* kJson = "application/json";

void WriteHistogram(const storage::Histogram& histogram, JsonWriter* json) {
  json->BeginObject();
  json->Key("count");
  json->SampleValue(histogram.count);
  json->Key("sum");
  json->SampleValue(histogram.sum);
  const std::vector<exec::Bucket> buckets = exec::BucketsOf(histogram, exec::ZeroBucket::kWhole);
  if (!buckets.empty()) {
    json->Key("buckets");
    json->BeginArray();
    for (const exec::Bucket& bucket : buckets) {
      json->BeginArray();
      json->Int(exec::BoundariesOf(bucket));
      json->SampleValue(bucket.lower);
      json->SampleValue(bucket.upper);
      json->SampleValue(bucket.count);
      json->EndArray();
    }
    json->EndArray();
  }
  json->EndObject();
}

void WriteSample(int64_t time_ms, double value, JsonWriter* json) {
  json->BeginArray();
  json->SampleTime(time_ms);
  json->SampleValue(value);
  json->EndArray();
}

void WriteSample(int64_t time_ms, const storage::Histogram& histogram, JsonWriter* json) {
  json->BeginArray();
  json->SampleTime(time_ms);
  WriteHistogram(histogram, json);
  json->EndArray();
}

void Write(const exec::VectorElement& element, JsonWriter* json) {
  json->BeginObject();
  json->Key("metric");
  WriteLabels(element.labels, json);
  if (element.histogram != nullptr) {
    json->Key("histogram");
    WriteSample(element.time_ms, *element.histogram, json);
  } else {
    json->Key("value");
    WriteSample(element.time_ms, element.value, json);
  }
  json->EndObject();
}

void Write(const exec::SeriesResult& series, JsonWriter* json) {
  const storage::SampleColumns& samples = series.samples;
  json->BeginObject();
  json->Key("metric");
  WriteLabels(series.labels, json);
  if (!samples.times_ms.empty()) {
    json->Key("values");
    json->BeginArray();
    for (size_t i = 0; i < samples.times_ms.size(); ++i) {
      WriteSample(samples.times_ms[i], samples.values[i], json);
    }
    json->EndArray();
  }
  if (!samples.histogram_times_ms.empty()) {
    json->Key("histograms");
    json->BeginArray();
    for (size_t i = 0; i < samples.histogram_times_ms.size(); ++i) {
      WriteSample(samples.histogram_times_ms[i], *samples.histograms[i], json);
    }
    json->EndArray();
  }
  json->EndObject();
}

void Write(const storage::Labels& labels, JsonWriter* json) { WriteLabels(labels, json); }

// Appends elements from `*next` on until the piece is full, and lets go of them. Whether that was
// all.
template <typename Element>
bool AppendSome(std::vector<Element>* elements, size_t* next, std::string* text) {
  if (*next == 0) text->push_back('[');
  while (*next < elements->size() && text->size() < kPieceBytes) {
    if (*next > 0) text->push_back(',');
    JsonWriter json(text);
    Write((*elements)[*next], &json);
    (*elements)[(*next)++] = Element();
  }
  if (*next < elements->size()) return false;
  text->push_back(']');
  return true;
}

// Here times are what they are as numbers, without the decimals of samples.
double InSeconds(int64_t time_ms) { return static_cast<double>(time_ms) / 1000; }

// Writes an answer bit by bit.
class ResultBody {
 public:
  ResultBody(exec::QueryResult result, std::string statistics, ApiNotes notes)
      : result_(std::move(result)), statistics_(std::move(statistics)), notes_(std::move(notes)) {}

  // Appends about a piece. False when that was the last.
  bool Append(std::string* text) {
    JsonWriter json(text);
    if (next_ == 0) *text += kDataBegins;
    if (const auto* scalar = std::get_if<exec::ScalarResult>(&result_.value)) {
      Begin("scalar", text);
      json.BeginArray();
      json.Number(InSeconds(scalar->time_ms));
      json.Raw(PlainText(scalar->value));
      json.EndArray();
    } else if (const auto* words = std::get_if<exec::StringResult>(&result_.value)) {
      Begin("string", text);
      json.BeginArray();
      json.Number(InSeconds(words->time_ms));
      json.Text(words->value);
      json.EndArray();
    } else if (auto* vector = std::get_if<exec::VectorResult>(&result_.value)) {
      if (next_ == 0) Begin("vector", text);
      if (!AppendSome(vector, &next_, text)) return true;
    } else {
      if (next_ == 0) Begin("matrix", text);
      if (!AppendSome(&std::get<exec::MatrixResult>(result_.value), &next_, text)) return true;
    }
    if (!statistics_.empty()) {
      *text += ",\"stats\":";
      *text += statistics_;
    }
    *text += "}";
    *text += DataEnds(notes_);
    return false;
  }

 private:
  static void Begin(std::string_view type, std::string* text) {
    *text += "{\"resultType\":\"";
    *text += type;
    *text += "\",\"result\":";
  }

  // Scalars are written without an exponent, however large.
  static std::string PlainText(double value) {
    const std::string text = std::isfinite(value) ? FormatPlain(value) : FormatValue(value);
    return "\"" + text + "\"";
  }

  exec::QueryResult result_;
  const std::string statistics_;
  const ApiNotes notes_;
  size_t next_ = 0;  // The element to write.
};

class LabelsBody {
 public:
  LabelsBody(std::vector<storage::Labels> list, ApiNotes notes)
      : list_(std::move(list)), notes_(std::move(notes)) {}

  // As ResultBody.
  bool Append(std::string* text) {
    if (next_ == 0) *text += kDataBegins;
    if (!AppendSome(&list_, &next_, text)) return true;
    *text += DataEnds(notes_);
    return false;
  }

 private:
  std::vector<storage::Labels> list_;
  const ApiNotes notes_;
  size_t next_ = 0;
};

template <typename Body>
HttpResponse InPieces(const std::shared_ptr<Body>& body) {
  HttpResponse response{.content_type = kJson};
  if (body->Append(&response.body)) {
    response.rest = [body](std::string* piece) {
      piece->clear();
      return body->Append(piece);
    };
  }
  return response;
}

}  // namespace

void WriteLabels(const storage::Labels& labels, JsonWriter* json) {
  json->BeginObject();
  for (const storage::LabelView& label : labels) {
    json->EscapedKey(label.name);
    json->LabelText(label.value);
  }
  json->EndObject();
}

HttpResponse ResultResponse(exec::QueryResult result, std::string statistics, ApiNotes notes) {
  return InPieces(
      std::make_shared<ResultBody>(std::move(result), std::move(statistics), std::move(notes)));
}

HttpResponse LabelsResponse(std::vector<storage::Labels> list, ApiNotes notes) {
  return InPieces(std::make_shared<LabelsBody>(std::move(list), std::move(notes)));
}

}  // namespace vigil::server
