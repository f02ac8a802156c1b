// SPDX-License-Identifier: Apache-2.0
#include "server/http/http_types.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

HttpRequest RequestOf(std::string method, std::string path) {
  HttpRequest request;
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}

TEST(HttpTypesTest, PercentDecode) {
  EXPECT_EQ(PercentDecode("a%20b+c", false), "a b+c");
  EXPECT_EQ(PercentDecode("a%20b+c", true), "a b c");
  EXPECT_EQ(PercentDecode("%e2%82%AC", false), "\xe2\x82\xac");
  EXPECT_EQ(PercentDecode("%00", false), std::string(1, '\0'));
  EXPECT_EQ(PercentDecode("%2520", false), "%20") << "once only";
  EXPECT_EQ(PercentDecode("100%", false), "100%");
  EXPECT_EQ(PercentDecode("%4", false), "%4");
  EXPECT_EQ(PercentDecode("%zz%41", false), "%zzA");
  EXPECT_EQ(PercentDecode("", true), "");
}

TEST(HttpTypesTest, ParseQueryString) {
  EXPECT_THAT(ParseQueryString("query=up%7Bjob%3D%22a%22%7D&time=1&query=x"),
              ElementsAre(Pair("query", "up{job=\"a\"}"), Pair("time", "1"), Pair("query", "x")));
  EXPECT_THAT(ParseQueryString("a&b=&=c&d=e=f&&g+h=i%26j"),
              ElementsAre(Pair("a", ""), Pair("b", ""), Pair("", "c"), Pair("d", "e=f"),
                          Pair("g h", "i&j")));
  EXPECT_THAT(ParseQueryString(""), IsEmpty());
  EXPECT_THAT(ParseQueryString("a=%zz&b=1;c=2&d=3&e=%4&%=5&f=%3b%25"),
              ElementsAre(Pair("d", "3"), Pair("f", ";%")));
}

TEST(HttpTypesTest, TheFirstParameterCounts) {
  HttpRequest request;
  request.parameters = {{"a", "1"}, {"a", "2"}, {"b", ""}};
  EXPECT_EQ(request.Parameter("a"), "1");
  EXPECT_EQ(request.Parameter("b"), "");
  EXPECT_EQ(request.Parameter("c"), "");
}

TEST(HttpRouterTest, RoutesByPathAndMethod) {
  HttpRouter router;
  router.Add("GET", "/a", [](const HttpRequest&) { return HttpResponse{.body = "get"}; });
  router.Add("POST", "/a", [](const HttpRequest& request) {
    return HttpResponse{.status = 201, .body = request.body};
  });
  router.Add("POST", "/b", [](const HttpRequest&) { return HttpResponse(); });
  EXPECT_EQ(router.Route(RequestOf("GET", "/a")).body, "get");
  EXPECT_EQ(router.Route(RequestOf("HEAD", "/a")).body, "get");
  HttpRequest post = RequestOf("POST", "/a");
  post.body = "text";
  EXPECT_EQ(router.Route(post).status, 201);
  EXPECT_EQ(router.Route(post).body, "text");

  EXPECT_EQ(router.Route(RequestOf("GET", "/")).status, 404);
  EXPECT_EQ(router.Route(RequestOf("GET", "/a/")).status, 404);
  const HttpResponse refused = router.Route(RequestOf("DELETE", "/a"));
  EXPECT_EQ(refused.status, 405);
  EXPECT_THAT(refused.headers, ElementsAre(Pair("Allow", "GET, POST")));
  EXPECT_EQ(router.Route(RequestOf("HEAD", "/b")).status, 405) << "there is no GET";
}

TEST(HttpRouterTest, RequestsMayTellThatTheyAreQuick) {
  HttpRouter router;
  const auto answer = [](const HttpRequest&) { return HttpResponse(); };
  const auto is_quick = [](const HttpRequest& request) { return request.body.empty(); };
  router.Add("POST", "/a", answer, HandlerKind::kLong, is_quick);
  router.AddPrefix("POST", "/b/", answer, HandlerKind::kSlow, is_quick);
  HttpRequest request = RequestOf("POST", "/a");
  EXPECT_EQ(router.KindOf(request), HandlerKind::kQuick);
  request.body = "much";
  EXPECT_EQ(router.KindOf(request), HandlerKind::kLong);
  request.path = "/b/c";
  EXPECT_EQ(router.KindOf(request), HandlerKind::kSlow);
}

TEST(HttpRouterTest, PrefixesTakeWhatNoPathTakes) {
  HttpRouter router;
  const auto says = [](const char* text) {
    return [text](const HttpRequest&) { return HttpResponse{.body = text}; };
  };
  router.Add("GET", "/a/b", says("path"));
  router.AddPrefix("GET", "/a/", says("short"));
  router.AddPrefix("GET", "/a/b", says("long"), HandlerKind::kSlow);
  router.AddPrefix("OPTIONS", "/", says("options"));
  EXPECT_EQ(router.Route(RequestOf("GET", "/a/b")).body, "path");
  EXPECT_EQ(router.Route(RequestOf("GET", "/a/bc")).body, "long");
  EXPECT_EQ(router.Route(RequestOf("GET", "/a/c")).body, "short");
  EXPECT_EQ(router.Route(RequestOf("OPTIONS", "/a/b")).body, "options");
  EXPECT_EQ(router.KindOf(RequestOf("GET", "/a/bc")), HandlerKind::kSlow);
  EXPECT_EQ(router.Route(RequestOf("GET", "/c")).status, 404) << "OPTIONS alone make no path";
  const HttpResponse refused = router.Route(RequestOf("POST", "/a/c"));
  EXPECT_EQ(refused.status, 405);
  EXPECT_THAT(refused.headers, ElementsAre(Pair("Allow", "GET, OPTIONS")));
}

}  // namespace
}  // namespace vigil::server
