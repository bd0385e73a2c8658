// Hosts that clients really send.

#include "gateway/host_name.h"

#include <gtest/gtest.h>

namespace holm::gateway {
namespace {

bool is_service(std::string_view label) { return label == "ec2" || label == "sts"; }

TEST(HostName, SaysServiceRegionAndBucket) {
  struct Row {
    const char *host, *service, *region, *bucket;
  };
  const Row rows[] = {
      {"localhost:4566", "", "", ""},
      {"127.0.0.1:4566", "", "", ""},
      {"s3.localhost:4566", "s3", "", ""},
      {"photos.s3.localhost:4566", "s3", "", "photos"},
      {"a.b.s3.eu-west-1.localhost", "s3", "eu-west-1", "a.b"},
      {"photos.s3-us-west-2.amazonaws.com", "s3", "us-west-2", "photos"},
      {"photos.s3-accelerate.localhost", "s3", "", "photos"},
      {"photos.localhost:4566", "", "", "photos"},
      {"my.photos.localhost:4566", "", "", "my.photos"},
      {"ec2.us-east-1.localhost:4566", "ec2", "us-east-1", ""},
      {"sts.localhost", "sts", "", ""},
      {"sts.amazonaws.com", "sts", "", ""},
      {"photos.s3.holm.internal:4566", "s3", "", "photos"},
      {"holm.internal:4566", "", "", ""},
      {"example.com", "", "", ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.host);
    HostName name = parse_host(row.host, is_service);
    EXPECT_EQ(name.service, row.service);
    EXPECT_EQ(name.region, row.region);
    EXPECT_EQ(name.bucket, row.bucket);
  }
}

TEST(HostName, TellsWebSites) {
  for (const char* host :
       {"my.photos.s3-website-us-east-1.localhost:8080", "my.photos.s3-website.eu-west-1.localhost",
        "my.photos.s3-website.amazonaws.com"}) {
    const HostName name = parse_host(host, is_service);
    EXPECT_TRUE(name.is_website) << host;
    EXPECT_EQ(name.bucket, "my.photos") << host;
  }
  for (const char* host :
       {"photos.s3.us-east-1.localhost", "s3-website-us-east-1.localhost", "photos.localhost"}) {
    EXPECT_FALSE(parse_host(host, is_service).is_website) << host;
  }
}

}  // namespace
}  // namespace holm::gateway
