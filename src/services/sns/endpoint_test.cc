// URLs of endpoints.

#include "services/sns/endpoint.h"

#include <gtest/gtest.h>

namespace holm::sns {
namespace {

TEST(HttpEndpoint, IsReadFromItsUrl) {
  auto plain = parse_http_endpoint("http://shop.example.com");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->authority(), "shop.example.com");
  EXPECT_EQ(plain->target, "/");
  auto full = parse_http_endpoint("https://me:p%40ss@[::1]:8443/a/b?c=d#e");
  ASSERT_TRUE(full);
  EXPECT_TRUE(full->is_secure);
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->authority(), "[::1]:8443");
  EXPECT_EQ(full->target, "/a/b?c=d");
  EXPECT_EQ(full->authorization, "Basic bWU6cEBzcw==");
  EXPECT_EQ(parse_http_endpoint("http://x?y")->target, "/?y");
  for (const char* wrong : {"", "ftp://x", "http://", "http://:80", "http://x:0", "http://x:y/",
                            "http://[::1/", "http://a b/", "http://a/\r\nHost: b", "http://a%2fb/"}) {
    EXPECT_FALSE(parse_http_endpoint(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace holm::sns
