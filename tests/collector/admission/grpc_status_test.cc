// SPDX-License-Identifier: Apache-2.0
#include "collector/admission/grpc_status.h"

#include <google/rpc/status.pb.h>

#include <gtest/gtest.h>

namespace vigil::collector {
namespace {

// The only detail of a status.
template <typename Detail>
Detail DetailOf(const grpc::Status& status, const char* type_url) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.message(), status.error_message());
  Detail detail;
  EXPECT_EQ(details.details_size(), 1);
  EXPECT_EQ(details.details(0).type_url(), type_url);
  EXPECT_TRUE(details.details(0).UnpackTo(&detail));
  return detail;
}

google::rpc::RetryInfo RetryInfoOf(const grpc::Status& status) {
  return DetailOf<google::rpc::RetryInfo>(status, "type.googleapis.com/google.rpc.RetryInfo");
}

TEST(GrpcStatusTest, CodesAndMessagesStay) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  const grpc::Status status = ToGrpcStatus(absl::NotFoundError("no such rule"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such rule");
  EXPECT_EQ(ToGrpcStatus(absl::DataLossError("")).error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(ToGrpcStatus(absl::UnauthenticatedError("")).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST(GrpcStatusTest, RetryLaterSaysWhen) {
  const grpc::Status status = RetryLater("busy", 2500);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "busy");
  const google::rpc::RetryInfo retry = RetryInfoOf(status);
  EXPECT_EQ(retry.retry_delay().seconds(), 2);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'000'000);
}

TEST(GrpcStatusTest, WritesThatFailMayBeTriedAgain) {
  EXPECT_TRUE(ToWriteStatus(absl::OkStatus(), 1000).ok());
  const grpc::Status invalid = ToWriteStatus(absl::InvalidArgumentError("broken"), 1000);
  EXPECT_EQ(invalid.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const auto bad =
      DetailOf<google::rpc::BadRequest>(invalid, "type.googleapis.com/google.rpc.BadRequest");
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).description(), "broken");
  const grpc::Status full = ToWriteStatus(absl::ResourceExhaustedError("disk full"), 1000);
  EXPECT_EQ(full.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(RetryInfoOf(full).retry_delay().seconds(), 1);
  for (const absl::Status& status : {absl::UnavailableError("x"), absl::InternalError("x"),
                                     absl::DataLossError("x"), absl::UnknownError("x")}) {
    const grpc::Status converted = ToWriteStatus(status, 1000);
    EXPECT_EQ(converted.error_code(), grpc::StatusCode::UNAVAILABLE) << status;
    EXPECT_EQ(converted.error_message(), "x");
  }
}

}  // namespace
}  // namespace vigil::collector
