// What a line of an access log says, and where lines wait.

#include "dataplane/balancer/access_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/files.h"
#include "base/system_clock.h"
#include "net/client_trust.h"

namespace holm::balancer {
namespace {

struct Told {
  http::Request request;
  LoadBalancer load_balancer;
  Listener listener;
  Story story;

  Told() {
    request.method = "GET";
    request.target = request.path = "/a";
    request.query = "b=c";
    request.authority = "www.example.com:8080";
    request.headers = {{"User-Agent", "curl/7.88.1"}};
    request.peer = *net::Address::parse("192.168.131.39", 2817);
    load_balancer.arn =
        "arn:aws:elasticloadbalancing:us-east-2:123456789012:loadbalancer/app/shop/50dc6c495c0c9188";
    load_balancer.host_names = {"shop-1.elb.localhost"};
    listener.port = 80;
    story.begun = SteadyTime(std::chrono::seconds(100));
    story.arrived = from_milliseconds(1530568940135);
    story.trace = "Root=1-58337262-36d228ad5d99923122bbe354";
    story.status = 200;
    story.received_bytes = 34;
    story.sent_bytes = 366;
  }
  std::string line() const {
    return access_log_line({.request = request,
                            .load_balancer = load_balancer,
                            .listener = listener,
                            .story = story,
                            .now = from_milliseconds(1530568940186),
                            .ended = SteadyTime(std::chrono::milliseconds(100'051)),
                            .connection = 1});
  }
};

constexpr char kEnd[] = " TID_00000000000000019e3779b97f4a7c15 \"-\" \"-\" \"-\"\n";

TEST(AccessLogLine, OfTheFirstGenerationIsShorter) {
  Told told;
  told.load_balancer.generation = Generation::First;
  told.load_balancer.arn = "arn:aws:elasticloadbalancing:us-east-2:123456789012:loadbalancer/shop";
  told.story.target = "10.0.0.1:80";
  told.story.sent_at = SteadyTime(std::chrono::milliseconds(100'001));
  told.story.answered_at = SteadyTime(std::chrono::milliseconds(100'049));
  told.story.target_status = 200;
  EXPECT_EQ(told.line(),
            "2018-07-02T22:02:20.135000Z shop 192.168.131.39:2817 10.0.0.1:80 0.001000 0.048000 0.002000 200"
            " 200 34 366 \"GET http://www.example.com:80/a?b=c HTTP/1.1\" \"curl/7.88.1\" - -\n");
  told.story = {.arrived = told.story.arrived, .begun = told.story.begun, .status = 503};
  EXPECT_EQ(told.line(),
            "2018-07-02T22:02:20.135000Z shop 192.168.131.39:2817 - -1 -1 -1 503 0 0 0"
            " \"GET http://www.example.com:80/a?b=c HTTP/1.1\" \"curl/7.88.1\" - -\n");
}

TEST(AccessLogLine, OfACarriedConnectionHasNoRequest) {
  LoadBalancer shop;
  shop.arn = "arn:aws:elasticloadbalancing:us-east-2:123456789012:loadbalancer/shop";
  const net::Address peer = *net::Address::parse("192.168.131.39", 2817);
  CarriedStory story{.arrived = from_milliseconds(1530568940135),
                     .accepted = SteadyTime(std::chrono::seconds(100)),
                     .target = "10.0.0.1:80",
                     .connecting = std::chrono::microseconds(28),
                     .sent_at = SteadyTime(std::chrono::microseconds(100'001'069)),
                     .answering = std::chrono::microseconds(41),
                     .received_bytes = 82,
                     .sent_bytes = 305};
  EXPECT_EQ(carried_log_line(shop, peer, story),
            "2018-07-02T22:02:20.135000Z shop 192.168.131.39:2817 10.0.0.1:80 0.001069 0.000028 0.000041 - -"
            " 82 305 \"- - - \" \"-\" - -\n");
  story = {.arrived = story.arrived, .tls_version = "TLSv1.2", .tls_cipher = "ECDHE-ECDSA-AES128-GCM-SHA256"};
  EXPECT_EQ(carried_log_line(shop, peer, story),
            "2018-07-02T22:02:20.135000Z shop 192.168.131.39:2817 - -1 -1 -1 - - 0 0 \"- - - \" \"-\""
            " ECDHE-ECDSA-AES128-GCM-SHA256 TLSv1.2\n");
}

TEST(AccessLogLine, TellsOfATarget) {
  Told told;
  told.story.rule_priority = 10;
  told.story.action = "forward";
  told.story.group_arn = "arn:group";
  told.story.target = "10.0.0.1:80";
  told.story.sent_at = SteadyTime(std::chrono::milliseconds(100'001));
  told.story.answered_at = SteadyTime(std::chrono::milliseconds(100'049));
  told.story.target_status = 200;
  EXPECT_EQ(told.line(),
            "http 2018-07-02T22:02:20.186000Z app/shop/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.001 0.048"
            " 0.002 200 200 34 366 \"GET http://www.example.com:80/a?b=c HTTP/1.1\" \"curl/7.88.1\" - - arn:group"
            " \"Root=1-58337262-36d228ad5d99923122bbe354\" \"-\" \"-\" 10 2018-07-02T22:02:20.135000Z \"forward\""
            " \"-\" \"-\" \"10.0.0.1:80\" \"200\" \"-\" \"-\"" +
                std::string(kEnd));
}

TEST(AccessLogLine, TellsOfARedirectOverTls) {
  Told told;
  told.request.scheme = http::Scheme::Https;
  told.request.version = http::Version::Http2;
  told.request.tls_version = "TLSv1.3";
  told.request.tls_cipher = "TLS_AES_128_GCM_SHA256";
  told.request.tls_server_name = "www.example.com";
  told.listener.port = 443;
  told.story.status = 301;
  told.story.rule_priority = 0;
  told.story.action = "redirect";
  told.story.redirect_url = "https://example.com:80/";
  told.story.certificate_arn = "arn:certificate";
  EXPECT_EQ(told.line(),
            "h2 2018-07-02T22:02:20.186000Z app/shop/50dc6c495c0c9188 192.168.131.39:2817 - -1 -1 -1 301 - 34 366"
            " \"GET https://www.example.com:443/a?b=c HTTP/2.0\" \"curl/7.88.1\" TLS_AES_128_GCM_SHA256 TLSv1.3 -"
            " \"Root=1-58337262-36d228ad5d99923122bbe354\" \"www.example.com\" \"arn:certificate\" 0"
            " 2018-07-02T22:02:20.135000Z \"redirect\" \"https://example.com:80/\" \"-\" \"-\" \"-\" \"-\" \"-\"" +
                std::string(kEnd));
}

TEST(AccessLogLine, SaysWhyARequestIsDangerous) {
  Told told;
  told.story.status = 400;
  told.request.deviations = {http::Deviation::BadMethod};
  const std::string line = told.line();
  EXPECT_NE(line.find(" \"- http://www.example.com:80- -\" "), std::string::npos) << line;
  EXPECT_NE(line.find(" \"Severe\" \"BadMethod\" TID_"), std::string::npos) << line;
}

TEST(AccessLogLine, HoldsWhateverAClientSends) {
  Told told;
  told.request.headers = {{"User-Agent", "a\" \"b\\c\r\nd\xc3\xa9"}};
  told.request.path = "/\"\n";
  told.request.query.clear();
  const std::string line = told.line();
  EXPECT_NE(line.find(" \"a\\x22 \\x22b\\x5Cc\\x0D\\x0Ad\\xC3\\xA9\" "), std::string::npos) << line;
  EXPECT_NE(line.find(":80/\\x22\\x0A HTTP/1.1\""), std::string::npos) << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

class AccessLogFilesTest : public ::testing::Test {
 protected:
  AccessLogFilesTest() {
    char name[] = "/tmp/holm-logs-XXXXXX";
    folder_ = ::mkdtemp(name);
    shop_.arn = "shop";
    shop_.log_bucket = LogBucket{.name = "logs", .prefix = "web"};
    site_.arn = "site";
    site_.log_bucket = LogBucket{.name = "logs"};
  }
  ~AccessLogFilesTest() override { std::filesystem::remove_all(folder_); }

  std::vector<std::string> complete() const {
    std::vector<std::string> contents;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      if (entry.path().extension() == kCompleteLog) contents.push_back(*read_file(entry.path().string()));
    }
    std::ranges::sort(contents);
    return contents;
  }

  std::string folder_;
  SystemClock clock_;
  async::Reactor reactor_{clock_};
  LoadBalancer shop_, site_;
};

TEST_F(AccessLogFilesTest, EachNodeHasItsOwn) {
  AccessLogFiles files(reactor_, folder_, 0);
  files.add(LogKind::Access, shop_, "10.0.0.1", "1\n");
  files.add(LogKind::Access, shop_, "10.0.0.2", "2\n");
  files.add(LogKind::Access, shop_, "10.0.0.1", "3\n");
  files.add(LogKind::Access, site_, "10.0.0.3", "4\n");
  EXPECT_TRUE(complete().empty());
  files.complete();
  const std::vector<std::string> wanted = {"shop\t10.0.0.1\tlogs\tweb\t\t5\n1\n3\n",
                                           "shop\t10.0.0.2\tlogs\tweb\t\t5\n2\n",
                                           "site\t10.0.0.3\tlogs\t\t\t5\n4\n"};
  EXPECT_EQ(complete(), wanted);
}

TEST_F(AccessLogFilesTest, WithoutABucketNothingIsKept) {
  AccessLogFiles files(reactor_, folder_, 0);
  site_.log_bucket.reset();
  files.add(LogKind::Access, site_, "10.0.0.3", "4\n");
  files.complete();
  EXPECT_TRUE(complete().empty());
}

TEST_F(AccessLogFilesTest, WhatAnEarlierLifeLeftIsComplete) {
  ASSERT_TRUE(write_file_volatile(folder_ + "/1-0-1.open", "shop\t10.0.0.1\tlogs\t\n1\n"));
  complete_left_logs(folder_);
  EXPECT_EQ(complete(), std::vector<std::string>{"shop\t10.0.0.1\tlogs\t\n1\n"});
}

TEST(ConnectionLogLine, TellsOfTlsThatWasEstablishedOrWasNot) {
  const net::Address peer = *net::Address::parse("203.0.113.1", 36280);
  ConnectionLine line{.peer = peer, .listener_port = 443, .is_secure = true};
  line.now = from_milliseconds(1696439115514);
  line.connection = 1;
  line.tls_version = "TLSv1.2";
  line.tls_cipher = "ECDHE-RSA-AES128-GCM-SHA256";
  line.handshake = std::chrono::milliseconds(4036);
  const std::string number = " TID_00000000000000019e3779b97f4a7c15\n";
  EXPECT_EQ(connection_log_line(line),
            "2023-10-04T17:05:15.514000Z 203.0.113.1 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036 \"-\" - "
            "- Success" + number);
  line.client = std::make_shared<net::ClientCertificate>(
      net::ClientCertificate{.serial_number = "03A5B1", .subject = "CN=alice,O=\"a b\""});
  EXPECT_TRUE(connection_log_line(line).ends_with(
      " \"CN=alice,O=\\x22a b\\x22\" NotBefore=1970-01-01T00:00:00Z;NotAfter=1970-01-01T00:00:00Z 03A5B1 Success" +
      number));
  ConnectionLine failed{.peer = peer, .listener_port = 443, .is_secure = true, .is_established = false};
  failed.handshake = std::chrono::milliseconds(1);
  failed.connection = 1;
  EXPECT_TRUE(connection_log_line(failed).ends_with(
      " 203.0.113.1 36280 443 - - - \"-\" - - Failed:UnmappedConnectionError" + number));
}

TEST(ConnectionLogLine, WithoutTlsHasHyphens) {
  const net::Address peer = *net::Address::parse("203.0.113.1", 36280);
  const ConnectionLine line{.peer = peer, .listener_port = 80, .now = from_milliseconds(1696439115514)};
  EXPECT_EQ(connection_log_line(line),
            "2023-10-04T17:05:15.514000Z 203.0.113.1 36280 80 - - - \"-\" - - - "
            "TID_00000000000000000000000000000000\n");
}

TEST_F(AccessLogFilesTest, ConnectionsHaveFilesOfTheirOwn) {
  shop_.connection_log_bucket = LogBucket{.name = "others", .prefix = "c"};
  {
    AccessLogFiles files(reactor_, folder_, 0);
    files.add(LogKind::Connection, shop_, "10.0.0.1", "1\n");
    files.add(LogKind::Access, shop_, "10.0.0.1", "2\n");
    files.add(LogKind::Connection, site_, "10.0.0.3", "nowhere\n");
  }
  const std::vector<std::string> wanted = {"shop\t10.0.0.1\tlogs\tweb\t\t5\n2\n",
                                           "shop\t10.0.0.1\tothers\tc\tconnections\t5\n1\n"};
  EXPECT_EQ(complete(), wanted);
}

TEST(LogPlace, IsReadAsItWasWritten) {
  const LogPlace place{.load_balancer_arn = "arn", .node = "10.0.0.1", .bucket = {.name = "b", .prefix = "a/b"}};
  EXPECT_EQ(log_place_of(to_text(place)), place);
  LogPlace other = place;
  other.kind = LogKind::Connection;
  EXPECT_EQ(log_place_of(to_text(other)), other);
  other.bucket.period = std::chrono::hours(1);
  EXPECT_EQ(log_place_of(to_text(other)), other);
  // As earlier programs wrote them.
  EXPECT_EQ(log_place_of("arn\t10.0.0.1\tb\ta/b"), place);
  EXPECT_EQ(log_place_of("arn\t10.0.0.1\tb\ta/b\tconnections")->kind, LogKind::Connection);
  for (const char* text : {"", "a", "a\tb\tc", "\ta\tb\tc", "a\tb\t\td", "a\tb\tc\td\te\tf\tg"}) {
    EXPECT_FALSE(log_place_of(text)) << text;
  }
}

}  // namespace
}  // namespace holm::balancer
