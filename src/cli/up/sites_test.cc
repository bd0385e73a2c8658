// URLs that are awaited before they are told, and those that are only told.

#include "cli/up/sites.h"

#include <gtest/gtest.h>

namespace holm::cli {
namespace {

TEST(Sites, ANameBelowLocalhostIsOpenedAtTheEdge) {
  const auto site = find_site("http://shop-1.us-east-1.elb.localhost/a?b=c#d", 8080);
  ASSERT_TRUE(site);
  EXPECT_EQ(site->host, "shop-1.us-east-1.elb.localhost:8080");
  EXPECT_EQ(site->path, "/a?b=c");
  EXPECT_EQ(site->url, "http://shop-1.us-east-1.elb.localhost:8080/a?b=c");
}

TEST(Sites, TheWebsPortIsNotTold) {
  EXPECT_EQ(find_site("http://shop.localhost", 80)->url, "http://shop.localhost/");
  EXPECT_EQ(find_site("http://shop.localhost:80/", 80)->url, "http://shop.localhost/");
  EXPECT_EQ(find_site("http://shop.localhost:8080", 8080)->host, "shop.localhost:8080");
  EXPECT_EQ(find_site("http://shop.localhost?x", 80)->path, "/?x");
}

TEST(Sites, EverythingElseIsNone) {
  for (const char* value :
       {"", "shop.localhost", "https://shop.localhost/", "http://localhost:4566/bucket", "http://.localhost/",
        "http://example.com/", "http://shop.localhost:4566/", "http://shop.localhost:99999999999/",
        "http://shop.localhost:/", "http://a b.localhost/", "http://a\r\nX: y.localhost/",
        "http://shop.localhost/a\r\nX: y", "http://shop.localhost/\xc3\xbc", "arn:aws:s3:::bucket"}) {
    EXPECT_FALSE(find_site(value, 8080)) << value;
  }
}

}  // namespace
}  // namespace holm::cli
