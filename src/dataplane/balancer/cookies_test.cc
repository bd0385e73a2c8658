// Cookies of stickiness: what they hold, and who can read them.

#include "dataplane/balancer/cookies.h"

#include <gtest/gtest.h>

namespace holm::balancer {
namespace {

TEST(Cookies, AreFoundByTheirWholeName) {
  const http::Headers headers = {{"Cookie", "AWSALBCORS=no; AWSALB=first ;b=c"}, {"cookie", "d=e"}};
  EXPECT_EQ(find_cookie(headers, "AWSALB"), "first");
  EXPECT_EQ(find_cookie(headers, "d"), "e");
  EXPECT_EQ(find_cookie(headers, "ALB"), std::nullopt);
  EXPECT_TRUE(sets_cookie({{"Set-Cookie", "session=1; Path=/"}}, "session"));
  EXPECT_FALSE(sets_cookie({{"Set-Cookie", "xsession=1; session=2"}}, "session"));
}

TEST(Cookies, OfTheFirstGenerationHaveATwinForOtherSites) {
  http::Headers headers;
  set_first_cookies(headers, "ab", ";PATH=/;MAX-AGE=60");
  EXPECT_EQ(headers, (http::Headers{{"Set-Cookie", "AWSELB=ab;PATH=/;MAX-AGE=60"},
                                    {"Set-Cookie", "AWSELBCORS=ab;PATH=/;MAX-AGE=60;SECURE;SAMESITE=None"}}));
  http::Headers strict;
  set_first_cookies(strict, "ab", "; Secure; Path=/a; SameSite=Strict");
  EXPECT_EQ(strict, (http::Headers{{"Set-Cookie", "AWSELB=ab; Secure; Path=/a; SameSite=Strict"},
                                   {"Set-Cookie", "AWSELBCORS=ab; Path=/a;SECURE;SAMESITE=None"}}));
}

TEST(Cookies, AreFoundWithWhatIsSaidOfThem) {
  const http::Headers headers = {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2; Path=/; HttpOnly"}};
  EXPECT_EQ(attributes_of_cookie(headers, "a"), "");
  EXPECT_EQ(attributes_of_cookie(headers, "b"), "; Path=/; HttpOnly");
  EXPECT_EQ(attributes_of_cookie(headers, "c"), std::nullopt);
}

TEST(Cookies, AreReadByTheirOwnerUntilTheirEndAndByNobodyElse) {
  SystemRandom random;
  const CookieJar jar({1, 2, 3});
  const CookieJar other({4, 5, 6});
  const Time now = from_milliseconds(1'000'000);
  const std::string cookie = jar.make("i-1|80", "group", now + std::chrono::seconds(5), random);
  EXPECT_EQ(jar.read(cookie, "group", now), "i-1|80");
  EXPECT_EQ(jar.read(cookie, "group", now + std::chrono::seconds(5)), "i-1|80");
  EXPECT_EQ(jar.read(cookie, "group", now + std::chrono::seconds(6)), std::nullopt);
  EXPECT_EQ(jar.read(cookie, "other group", now), std::nullopt);
  EXPECT_EQ(other.read(cookie, "group", now), std::nullopt);
  std::string forged = cookie;
  forged[10] = forged[10] == 'A' ? 'B' : 'A';
  EXPECT_EQ(jar.read(forged, "group", now), std::nullopt);
  EXPECT_EQ(jar.read("", "group", now), std::nullopt);
  EXPECT_EQ(jar.read("not base64!", "group", now), std::nullopt);
}

TEST(Cookies, HaveATwinForOtherSites) {
  http::Headers headers;
  set_cookies(headers, kTargetCookie, "v", from_milliseconds(0), http::Scheme::Https);
  const auto all = headers.all("set-cookie");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0], "AWSALB=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/");
  EXPECT_EQ(all[1], "AWSALBCORS=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; SameSite=None; Secure");
}

}  // namespace
}  // namespace holm::balancer
