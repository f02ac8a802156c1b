// SPDX-License-Identifier: Apache-2.0
#include "cli/transfer/json_lines.h"

#include <simdjson.h>

#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/transfer/sample_value.h"

namespace vigil::cli {
namespace {

namespace json = simdjson::ondemand;

constexpr const char* kHints[] = {"unknown", "reset", "not_reset", "gauge"};

std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <typename Values, typename Append>
void AppendList(const char* name, const Values& values, const Append& append, std::string* text) {
  fmt::format_to(std::back_inserter(*text), "\"{}\":[", name);
  bool first = true;
  for (const auto& value : values) {
    if (!std::exchange(first, false)) text->push_back(',');
    append(value, text);
  }
  text->push_back(']');
}

void AppendInteger(int64_t value, std::string* text) {
  fmt::format_to(std::back_inserter(*text), "{}", value);
}

void AppendSpan(const v1::BucketSpan& span, std::string* text) {
  fmt::format_to(std::back_inserter(*text), "[{},{}]", span.offset(), span.length());
}

void AppendHistogram(const v1::NativeHistogram& histogram, std::string* text) {
  fmt::format_to(std::back_inserter(*text), "{{\"schema\":{},\"reset_hint\":\"{}\"",
                 histogram.schema(), kHints[histogram.reset_hint() % std::size(kHints)]);
  for (const auto& [name, value] : {std::pair("zero_threshold", histogram.zero_threshold()),
                                    {"zero_count", histogram.zero_count()},
                                    {"count", histogram.count()},
                                    {"sum", histogram.sum()}}) {
    fmt::format_to(std::back_inserter(*text), ",\"{}\":", name);
    AppendJsonValue(value, text);
  }
  text->push_back(',');
  AppendList("positive_spans", histogram.positive_spans(), AppendSpan, text);
  text->push_back(',');
  AppendList("positive_counts", histogram.positive_counts(), AppendJsonValue, text);
  text->push_back(',');
  AppendList("negative_spans", histogram.negative_spans(), AppendSpan, text);
  text->push_back(',');
  AppendList("negative_counts", histogram.negative_counts(), AppendJsonValue, text);
  text->push_back(',');
  AppendList("custom_bounds", histogram.custom_bounds(), AppendJsonValue, text);
  text->push_back('}');
}

// What is wrong with a line in our terms, thrown up to Parse within this file's own functions by
// returning false.
struct Reader {
  LineError* error;

  bool Fail(std::string message) {
    error->message = std::move(message);
    return false;
  }
  bool Fail(simdjson::error_code code, const char* what) {
    return Fail(fmt::format("{}: {}", what, simdjson::error_message(code)));
  }

  bool ReadDouble(json::value value, double* number) {
    json::json_type type{};
    if (const auto code = value.type().get(type); code) return Fail(code, "a value");
    if (type == json::json_type::null) {
      return ParseValueText("NaN", number);
    }
    if (type == json::json_type::string) {
      std::string_view text;
      if (const auto code = value.get_string().get(text); code) return Fail(code, "a value");
      if (ParseValueText(text, number)) return true;
      return Fail(fmt::format("\"{}\" is no value", text));
    }
    if (const auto code = value.get_double().get(*number); code) return Fail(code, "a value");
    return true;
  }

  // Calls `read` for each entry of an array.
  template <typename Read>
  bool ReadArray(json::value value, const char* what, const Read& read) {
    json::array array;
    if (const auto code = value.get_array().get(array); code) return Fail(code, what);
    for (auto entry : array) {
      json::value one;
      if (const auto code = entry.get(one); code) return Fail(code, what);
      if (!read(one)) return false;
    }
    return true;
  }

  template <typename Values>
  bool ReadDoubles(json::value value, const char* what, Values* values) {
    values->Clear();
    return ReadArray(value, what, [&](json::value one) {
      double number = 0;
      if (!ReadDouble(one, &number)) return false;
      values->Add(number);
      return true;
    });
  }

  template <typename Values>
  bool ReadTimes(json::value value, const char* what, Values* values) {
    values->Clear();
    return ReadArray(value, what, [&](json::value one) {
      int64_t number = 0;
      if (const auto code = one.get_int64().get(number); code) return Fail(code, what);
      values->Add(number);
      return true;
    });
  }

  template <typename Spans>
  bool ReadSpans(json::value value, Spans* spans) {
    spans->Clear();
    return ReadArray(value, "a list of spans", [&](json::value one) {
      int64_t numbers[2] = {};
      size_t count = 0;
      const bool read = ReadArray(one, "a span", [&](json::value number) {
        if (count == 2) return Fail("a span is [offset, length]");
        const auto code = number.get_int64().get(numbers[count++]);
        return !code || Fail(code, "a span");
      });
      if (!read) return false;
      if (count != 2 || numbers[0] < INT32_MIN || numbers[0] > INT32_MAX || numbers[1] < 0 ||
          numbers[1] > UINT32_MAX) {
        return Fail("a span is [offset, length]");
      }
      v1::BucketSpan* const span = spans->Add();
      span->set_offset(static_cast<int32_t>(numbers[0]));
      span->set_length(static_cast<uint32_t>(numbers[1]));
      return true;
    });
  }

  // Calls `read(name, value)` for each member of an object.
  template <typename Read>
  bool ReadObject(json::object object, const char* what, const Read& read) {
    for (auto field : object) {
      std::string_view name;
      json::value value;
      if (const auto code = field.unescaped_key().get(name); code) return Fail(code, what);
      // The name's bytes are overwritten by what is unescaped next.
      const std::string kept(name);
      if (const auto code = field.value().get(value); code) return Fail(code, what);
      if (!read(kept, value)) return false;
    }
    return true;
  }

  bool ReadText(json::value value, const char* what, std::string* text) {
    std::string_view view;
    if (const auto code = value.get_string().get(view); code) return Fail(code, what);
    *text = view;
    return true;
  }

  bool ReadLabels(json::value value, v1::SeriesSamples* series) {
    json::object object;
    if (const auto code = value.get_object().get(object); code) return Fail(code, "\"metric\"");
    return ReadObject(object, "\"metric\"", [&](const std::string& name, json::value one) {
      v1::Label* const label = series->add_labels();
      label->set_name(name);
      return ReadText(one, "a label's value", label->mutable_value());
    });
  }

  bool ReadHint(json::value value, v1::NativeHistogram* histogram) {
    std::string text;
    if (!ReadText(value, "\"reset_hint\"", &text)) return false;
    for (uint32_t hint = 0; hint < std::size(kHints); ++hint) {
      if (text != kHints[hint]) continue;
      histogram->set_reset_hint(hint);
      return true;
    }
    return Fail(fmt::format("\"{}\" is no reset hint", text));
  }

  bool ReadHistogramMember(const std::string& name, json::value value,
                           v1::NativeHistogram* histogram) {
    const auto read_into = [&](auto set) {
      double number = 0;
      if (!ReadDouble(value, &number)) return false;
      (histogram->*set)(number);
      return true;
    };
    using H = v1::NativeHistogram;
    if (name == "schema") {
      int64_t schema = 0;
      if (const auto code = value.get_int64().get(schema); code) return Fail(code, "\"schema\"");
      if (schema < INT8_MIN || schema > INT8_MAX) return Fail("\"schema\" is out of range");
      histogram->set_schema(static_cast<int32_t>(schema));
      return true;
    }
    if (name == "reset_hint") return ReadHint(value, histogram);
    if (name == "zero_threshold") return read_into(&H::set_zero_threshold);
    if (name == "zero_count") return read_into(&H::set_zero_count);
    if (name == "count") return read_into(&H::set_count);
    if (name == "sum") return read_into(&H::set_sum);
    if (name == "positive_spans") return ReadSpans(value, histogram->mutable_positive_spans());
    if (name == "negative_spans") return ReadSpans(value, histogram->mutable_negative_spans());
    if (name == "positive_counts") {
      return ReadDoubles(value, "a list of counts", histogram->mutable_positive_counts());
    }
    if (name == "negative_counts") {
      return ReadDoubles(value, "a list of counts", histogram->mutable_negative_counts());
    }
    if (name == "custom_bounds") {
      return ReadDoubles(value, "a list of bounds", histogram->mutable_custom_bounds());
    }
    return true;
  }

  bool ReadHistograms(json::value value, v1::SeriesSamples* series) {
    return ReadArray(value, "\"histograms\"", [&](json::value one) {
      v1::NativeHistogram* const histogram = series->add_histograms();
      json::object object;
      if (const auto code = one.get_object().get(object); code) return Fail(code, "a histogram");
      return ReadObject(object, "a histogram", [&](const std::string& name, json::value member) {
        return ReadHistogramMember(name, member, histogram);
      });
    });
  }

  bool ReadMember(const std::string& name, json::value value, v1::SeriesSamples* series) {
    if (name == "metric") return ReadLabels(value, series);
    if (name == "type") return ReadText(value, "\"type\"", series->mutable_type());
    if (name == "unit") return ReadText(value, "\"unit\"", series->mutable_unit());
    if (name == "help") return ReadText(value, "\"help\"", series->mutable_help());
    if (name == "values") return ReadDoubles(value, "\"values\"", series->mutable_values());
    if (name == "timestamps") {
      return ReadTimes(value, "\"timestamps\"", series->mutable_times_ms());
    }
    if (name == "histograms") return ReadHistograms(value, series);
    if (name == "histogram_timestamps") {
      return ReadTimes(value, "\"histogram_timestamps\"", series->mutable_histogram_times_ms());
    }
    return true;
  }

  bool Check(const v1::SeriesSamples& series) {
    if (series.labels().empty()) return Fail("there are no labels in \"metric\"");
    if (series.values_size() != series.times_ms_size()) {
      return Fail(fmt::format("there are {} values and {} timestamps", series.values_size(),
                              series.times_ms_size()));
    }
    if (series.histograms_size() != series.histogram_times_ms_size()) {
      return Fail(fmt::format("there are {} histograms and {} histogram_timestamps",
                              series.histograms_size(), series.histogram_times_ms_size()));
    }
    return true;
  }
};

}  // namespace

void AppendJsonLine(const v1::SeriesSamples& series, std::string* text) {
  *text += "{\"metric\":{";
  bool first = true;
  for (const v1::Label& label : series.labels()) {
    if (!std::exchange(first, false)) text->push_back(',');
    fmt::format_to(std::back_inserter(*text), "{}:{}", Quoted(label.name()), Quoted(label.value()));
  }
  text->push_back('}');
  for (const auto& [name, value] :
       {std::pair("type", &series.type()), {"unit", &series.unit()}, {"help", &series.help()}}) {
    if (value->empty()) continue;
    fmt::format_to(std::back_inserter(*text), ",\"{}\":{}", name, Quoted(*value));
  }
  if (!series.values().empty()) {
    text->push_back(',');
    AppendList("values", series.values(), AppendJsonValue, text);
    text->push_back(',');
    AppendList("timestamps", series.times_ms(), AppendInteger, text);
  }
  if (!series.histograms().empty()) {
    text->push_back(',');
    AppendList("histograms", series.histograms(), AppendHistogram, text);
    text->push_back(',');
    AppendList("histogram_timestamps", series.histogram_times_ms(), AppendInteger, text);
  }
  *text += "}\n";
}

struct JsonLineParser::State {
  json::parser parser;
};

JsonLineParser::JsonLineParser() : state_(std::make_unique<State>()) {}
JsonLineParser::~JsonLineParser() = default;

bool JsonLineParser::Parse(std::string* line, v1::SeriesSamples* series, LineError* error) {
  *error = {};
  series->Clear();
  line->reserve(line->size() + simdjson::SIMDJSON_PADDING);
  Reader reader = {error};
  json::document document;
  json::object object;
  auto code = state_->parser.iterate(line->data(), line->size(), line->capacity()).get(document);
  if (!code) code = document.get_object().get(object);
  if (code) return reader.Fail(code, "a line is an object of JSON");
  const bool read =
      reader.ReadObject(object, "a line", [&](const std::string& name, json::value value) {
        return reader.ReadMember(name, value, series);
      });
  const char* at = nullptr;
  const bool known = !document.current_location().get(at) && at != nullptr;
  if (known) error->column = static_cast<size_t>(at - line->data()) + 1;
  if (!read) return false;
  if (known) return reader.Fail("there is more behind the object");
  error->column = 1;
  return reader.Check(*series);
}

}  // namespace vigil::cli
