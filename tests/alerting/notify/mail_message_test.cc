// SPDX-License-Identifier: Apache-2.0
#include "alerting/notify/mail_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"

namespace vigil::alerting {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(MailMessage, Addresses) {
  EXPECT_THAT(*MailAddresses("a@x"), ElementsAre("a@x"));
  EXPECT_THAT(*MailAddresses(" a@x , B <b@y>,\"C, D\" <c@z>"), ElementsAre("a@x", "b@y", "c@z"));
  for (const char* const bad :
       {"", "a", "a@", "@x", "a@x,", "a b@x", "A <a@x", "a@x\r\nBcc: b@y"}) {
    EXPECT_EQ(MailAddresses(bad), std::nullopt) << bad;
  }
}

TEST(MailMessage, QuotedPrintable) {
  EXPECT_EQ(QuotedPrintable("a = b\nü \nx"), "a =3D b\r\n=C3=BC=20\r\nx");
  EXPECT_EQ(QuotedPrintable(".\r\n.x"), "=2E\r\n=2Ex");
  EXPECT_EQ(QuotedPrintable("\ttab\t"), "\ttab=09");
  const std::string encoded = QuotedPrintable(std::string(200, 'x') + "=ü");
  for (const std::string_view line : Split(encoded, '\n')) EXPECT_LE(line.size(), 77u);
  EXPECT_THAT(encoded, HasSubstr("=\r\n"));
}

TEST(MailMessage, HasItsPartsInOrder) {
  MailMessage message;
  message.headers = {{"Subject", "s"}, {"To", "a@x"}};
  message.text = "plain";
  message.html = "<b>rich</b>";
  message.boundary = "BB";
  EXPECT_EQ(FormatMail(message),
            "Subject: s\r\nTo: a@x\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/alternative; boundary=BB\r\n\r\n"
            "--BB\r\nContent-Transfer-Encoding: quoted-printable\r\n"
            "Content-Type: text/plain; charset=UTF-8\r\n\r\nplain\r\n"
            "--BB\r\nContent-Transfer-Encoding: quoted-printable\r\n"
            "Content-Type: text/html; charset=UTF-8\r\n\r\n<b>rich</b>\r\n--BB--\r\n");
}

TEST(MailMessage, HeadersCannotBeginOthers) {
  MailMessage message;
  message.headers = {{"Subject", "a\r\nBcc: evil@x"}};
  EXPECT_THAT(FormatMail(message), HasSubstr("Subject: a  Bcc: evil@x\r\n"));
}

TEST(MailMessage, HeadersBeyondAsciiAreEncoded) {
  MailMessage message;
  message.headers = {{"Subject", "heiß"}, {"To", "Jörg <j@x>"}};
  const std::string mail = FormatMail(message);
  EXPECT_THAT(mail, HasSubstr("Subject: =?utf-8?b?aGVpw58=?=\r\n"));
  EXPECT_THAT(mail, HasSubstr("To: =?utf-8?b?SsO2cmc=?= <j@x>\r\n"));
  std::string umlauts;
  for (int i = 0; i < 60; ++i) umlauts += "ü";
  message.headers = {{"Subject", umlauts}};
  for (const std::string_view line : Split(FormatMail(message), '\n')) EXPECT_LE(line.size(), 90u);
}

TEST(MailMessage, Date) {
  EXPECT_EQ(MailDate(1'767'225'630'000), "Thu, 01 Jan 2026 00:00:30 +0000");
}

}  // namespace
}  // namespace vigil::alerting
