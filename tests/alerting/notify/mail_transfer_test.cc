// SPDX-License-Identifier: Apache-2.0
//
// Mail through the notifier, to a server. TLS is tested by tests/e2e/test_receivers.py.
#include <future>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alerting/notify/curl_notifier.h"
#include "tests/alerting/notify/smtp_test_server.h"
#include "tests/testing/status_matchers.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MailTransferTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(notifier_, StartCurlNotifier({.user_agent = "vigil"}));
    mail_.from = "v@x";
    mail_.recipients = {"a@x", "b@x"};
    mail_.require_tls = false;
  }

  DeliveryOutcome Send() {
    Delivery delivery;
    delivery.url = fmt::format("smtp://127.0.0.1:{}/me.example", server_.port());
    delivery.body = "Subject: s\r\n\r\n.dot\r\nlast\r\n";
    delivery.mail = std::make_shared<const MailEnvelope>(mail_);
    std::promise<DeliveryOutcome> outcome;
    notifier_->Send("mail", std::move(delivery),
                    [&outcome](DeliveryOutcome ended) { outcome.set_value(std::move(ended)); });
    return outcome.get_future().get();
  }

  SmtpTestServer server_;
  MailEnvelope mail_;
  std::unique_ptr<Notifier> notifier_;
};

TEST_F(MailTransferTest, HandsTheMessageOver) {
  const DeliveryOutcome outcome = Send();
  EXPECT_TRUE(outcome.delivered) << outcome.error;
  ASSERT_EQ(server_.Mails().size(), 1u);
  const SmtpTestServer::Mail mail = server_.Mails()[0];
  EXPECT_EQ(mail.hello, "me.example");
  EXPECT_THAT(mail.from, HasSubstr("<v@x>"));
  EXPECT_THAT(mail.recipients, ElementsAre("<a@x>", "<b@x>"));
  EXPECT_EQ(mail.data, "Subject: s\r\n\r\n..dot\r\nlast");
  EXPECT_EQ(mail.login, "");
}

TEST_F(MailTransferTest, LogsInByWhatIsOffered) {
  mail_.username = "u";
  mail_.password = "p";
  mail_.mechanisms = "AUTH=PLAIN;AUTH=LOGIN";
  server_.Offer({"AUTH PLAIN CRAM-MD5"});
  EXPECT_TRUE(Send().delivered);
  EXPECT_THAT(server_.Mails()[0].login, HasSubstr("AHUAcA=="));  // \0u\0p
  server_.Offer({"AUTH LOGIN"});
  EXPECT_TRUE(Send().delivered);
  EXPECT_THAT(server_.Mails()[1].login, HasSubstr("dQ== cA=="));
  mail_.mechanisms = "AUTH=CRAM-MD5";
  server_.Offer({"AUTH PLAIN CRAM-MD5"});
  EXPECT_TRUE(Send().delivered);
  EXPECT_THAT(server_.Mails()[2].login, HasSubstr("CRAM-MD5 "));
}

TEST_F(MailTransferTest, DoesWithoutWhatIsNotOffered) {
  mail_.username = "u";
  mail_.password = "p";
  mail_.mechanisms = "AUTH=CRAM-MD5";
  server_.Offer({"AUTH PLAIN"});
  const DeliveryOutcome outcome = Send();
  EXPECT_FALSE(outcome.delivered);
  EXPECT_TRUE(outcome.retryable);
}

TEST_F(MailTransferTest, WithoutTlsNothingIsSaidWhereItIsRequired) {
  mail_.require_tls = true;
  const DeliveryOutcome outcome = Send();
  EXPECT_FALSE(outcome.delivered);
  EXPECT_TRUE(outcome.retryable);
  EXPECT_THAT(server_.Mails(), ElementsAre());
}

TEST_F(MailTransferTest, ARefusalIsTold) {
  server_.Refuse("RCPT", "451 try later");
  const DeliveryOutcome outcome = Send();
  EXPECT_FALSE(outcome.delivered);
  EXPECT_TRUE(outcome.retryable);
  EXPECT_EQ(outcome.http_status, 451);
  EXPECT_THAT(outcome.error, HasSubstr("451"));
}

}  // namespace
}  // namespace vigil::alerting
