// What load balancers are told to ask instances.

#include "services/elb/health_checks.h"

#include <gtest/gtest.h>

namespace holm::elb {
namespace {

TEST(CheckTarget, IsAProtocolAPortAndForHttpAPath) {
  const auto page = parse_check_target("http:8080/health?a=b");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->protocol, "HTTP");
  EXPECT_EQ(page->port, 8080);
  EXPECT_EQ(page->path, "/health?a=b");
  const auto port = parse_check_target("SSL:443");
  ASSERT_TRUE(port.has_value());
  EXPECT_EQ(port->protocol, "SSL");
  EXPECT_EQ(port->port, 443);
  EXPECT_EQ(port->path, "");
  EXPECT_TRUE(parse_check_target("HTTPS:65535/").has_value());
}

TEST(CheckTarget, WithAnythingElseIsRefusedInASentence) {
  const std::pair<std::string, std::string_view> kWrong[] = {
      {"", "must specify a protocol"},
      {"80", "must specify a protocol"},
      {"UDP:53", "must begin with one of"},
      {"HTTP:80", "e.g. HTTP:80/ping/this/path"},
      {"TCP:80/", "no path"},
      {"TCP:0", "a port from 1"},
      {"TCP:65536", "a port from 1"},
      {"TCP:", "a port from 1"},
      {"HTTP:x/", "a port from 1"},
      {"HTTP:80/a b", "printable"},
      {"HTTP:80/a\r\nX: y", "printable"},
      {"HTTP:80/" + std::string(1024, 'a'), "printable"},
  };
  for (const auto& [text, words] : kWrong) {
    const auto read = parse_check_target(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_NE(read.error().message.find(words), std::string::npos) << text << ": " << read.error().message;
  }
}

}  // namespace
}  // namespace holm::elb
