// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace vigil {
namespace {

using testing::StatusIs;

absl::Status Fails() { return absl::NotFoundError("no such file"); }
absl::StatusOr<std::unique_ptr<int>> Gives(int value) {
  if (value < 0) return absl::OutOfRangeError("negative");
  return std::make_unique<int>(value);
}

TEST(StatusTest, AnnotateKeepsCodeAndPayload) {
  absl::Status status = absl::DataLossError("bad checksum");
  status.SetPayload("type.example/x", absl::Cord("payload"));
  const absl::Status annotated = Annotate(status, "opening block 17");
  EXPECT_THAT(annotated, StatusIs(absl::StatusCode::kDataLoss, "opening block 17: bad checksum"));
  EXPECT_EQ(annotated.GetPayload("type.example/x"), absl::Cord("payload"));
  EXPECT_OK(Annotate(absl::OkStatus(), "opening"));
}

TEST(StatusTest, CodesHaveTheNamesOfGrpc) {
  EXPECT_EQ(StatusCodeName(absl::StatusCode::kOk), "OK");
  EXPECT_EQ(StatusCodeName(absl::StatusCode::kUnknown), "UNKNOWN");
  EXPECT_EQ(StatusCodeName(static_cast<absl::StatusCode>(99)), "UNKNOWN");
  // Debian's absl prints the same names.
  for (int code = 1; code <= 16; ++code) {
    const auto status_code = static_cast<absl::StatusCode>(code);
    EXPECT_EQ(StatusCodeName(status_code), absl::StatusCodeToString(status_code));
  }
}

TEST(StatusTest, ReturnIfErrorReturnsTheErrorOnce) {
  int evaluated = 0;
  const auto run = [&evaluated](bool fail) -> absl::Status {
    VIGIL_RETURN_IF_ERROR((++evaluated, fail ? Fails() : absl::OkStatus()));
    return absl::InternalError("went on");
  };
  EXPECT_THAT(run(true), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(evaluated, 1);
  EXPECT_THAT(run(false), StatusIs(absl::StatusCode::kInternal));
}

TEST(StatusTest, ContextIsEvaluatedOnFailureOnly) {
  int evaluated = 0;
  const auto run = [&evaluated](bool fail) -> absl::Status {
    VIGIL_RETURN_IF_ERROR_WITH(fail ? Fails() : absl::OkStatus(), (++evaluated, "reading"));
    return absl::OkStatus();
  };
  EXPECT_OK(run(false));
  EXPECT_EQ(evaluated, 0);
  EXPECT_THAT(run(true), StatusIs(absl::StatusCode::kNotFound, "reading: no such file"));
  EXPECT_EQ(evaluated, 1);
}

TEST(StatusTest, AssignOrReturnMovesTheValue) {
  const auto run = [](int value) -> absl::StatusOr<int> {
    VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<int> first, Gives(value));
    VIGIL_ASSIGN_OR_RETURN_WITH(const std::unique_ptr<int> second, Gives(value - 1), "second");
    return *first + *second;
  };
  EXPECT_EQ(run(3).value(), 5);
  EXPECT_THAT(run(-1), StatusIs(absl::StatusCode::kOutOfRange, "negative"));
  EXPECT_THAT(run(0), StatusIs(absl::StatusCode::kOutOfRange, "second: negative"));
}

TEST(StatusDeathTest, BrokenInvariantsEndTheProcess) {
  VIGIL_CHECK(true);
  VIGIL_CHECK_OK(absl::OkStatus());
  EXPECT_DEATH(VIGIL_CHECK(1 + 1 == 3), "BUG: .*status_test.cc:[0-9]+: check failed: 1 \\+ 1 == 3");
  EXPECT_DEATH(VIGIL_CHECK_OK(Gives(-1)), "BUG: ");
}

}  // namespace
}  // namespace vigil
