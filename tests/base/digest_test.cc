// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace vigil {
namespace {

// FIPS 180-2 and RFC 4231.
TEST(Digest, KnownAnswers) {
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(ToHex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// RFC 4648.
TEST(Digest, Base64) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe\xfd", "//79"}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(Base64Encode(plain), encoded);
    std::string decoded;
    EXPECT_TRUE(Base64Decode(encoded, &decoded)) << encoded;
    EXPECT_EQ(decoded, plain);
  }
  for (const char* const encoded : {"__79", "Zg"}) {
    std::string decoded;
    EXPECT_TRUE(Base64Decode(encoded, &decoded)) << encoded;
  }
  for (const char* const bad : {"Z", "Zh==", "Zm9v!", "Z m8="}) {
    std::string decoded;
    EXPECT_FALSE(Base64Decode(bad, &decoded)) << bad;
  }
}

}  // namespace
}  // namespace vigil
