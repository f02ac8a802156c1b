// SPDX-License-Identifier: Apache-2.0
#include "server/api/expr_api.h"

#include <string>

#include "base/json_writer.h"
#include "base/status.h"
#include "query/promql/parser.h"
#include "query/promql/pretty.h"
#include "server/api/api_params.h"
#include "server/api/api_response.h"
#include "server/api/expr_json.h"

namespace vigil::server {
namespace {

absl::StatusOr<promql::ExprPtr> ParseParameter(const ApiParts& parts, const HttpRequest& request) {
  absl::StatusOr<promql::ExprPtr> expr =
      promql::ParseExpr(ApiParams(request).First("query"), parts.engine->options().language);
  if (!expr.ok()) return AboutParameter("query", expr.status());
  return expr;
}

}  // namespace

absl::StatusOr<HttpResponse> FormatQuery(const ApiParts& parts, const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr, ParseParameter(parts, request));
  const std::string text = promql::PrettyPrint(*expr);
  return Success([&text](JsonWriter& json) { json.Text(text); });
}

absl::StatusOr<HttpResponse> ParseQueryTree(const ApiParts& parts, const HttpRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const promql::ExprPtr expr, ParseParameter(parts, request));
  return Success([&expr](JsonWriter& json) { WriteExpr(*expr, &json); });
}

}  // namespace vigil::server
