// What security groups become, and how one state leads to another.

#include "sandbox/firewall.h"

#include <gtest/gtest.h>

#include "sandbox/anchor_message.h"
#include "sandbox/container_config.h"
#include "sandbox/names.h"
#include "sandbox/netlink.h"
#include "sandbox/runtime_state.h"

namespace holm::sandbox {
namespace {

std::string ingress_line(SecurityRule rule) {
  Security security = *read_security({{.id = "sg-1", .ingress = {std::move(rule)}}}, {});
  std::string text = security_changes({}, security);
  size_t start = text.find("add rule inet security in_sg_1 ");
  if (start == std::string::npos) return "";
  start += 31;
  return text.substr(start, text.find('\n', start) - start);
}

TEST(SecurityRules, SayWhatIsCarriedAndWhoSends) {
  struct Case {
    const char* what;
    SecurityRule rule;
    const char* line;
  };
  const Case cases[] = {
      {"everything from everywhere", {.cidrs = {"0.0.0.0/0"}}, "accept"},
      {"one port",
       {.protocol = 6, .from_port = 80, .to_port = 80, .cidrs = {"10.0.0.0/8"}},
       "ip saddr 10.0.0.0/8 tcp dport 80-80 accept"},
      {"every port of a protocol",
       {.protocol = 17, .from_port = 0, .to_port = 65535, .cidrs = {"0.0.0.0/0"}},
       "meta l4proto 17 accept"},
      {"a group",
       {.protocol = 6, .from_port = 1, .to_port = 2, .group_id = "sg-9"},
       "ip saddr @members_sg_9 tcp dport 1-2 accept"},
      {"one kind of ICMP",
       {.protocol = 1, .from_port = 8, .to_port = -1, .cidrs = {"0.0.0.0/0"}},
       "icmp type 8 accept"},
      {"all of ICMP", {.protocol = 1, .cidrs = {"0.0.0.0/0"}}, "meta l4proto 1 accept"},
      {"a network written with host bits", {.cidrs = {"10.1.2.3/16"}}, "ip saddr 10.1.0.0/16 accept"},
      {"IPv6, which guests do not have", {.cidrs = {"::/0"}}, ""},
      {"nobody", {}, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(ingress_line(c.rule), c.line);
  }
}

TEST(SecurityRules, WhatIsEqualNeedsNoChange) {
  Security security = *read_security({{.id = "sg-1", .ingress = {{.group_id = "sg-2"}}}},
                                     {{"eni-1", {"10.0.0.5"}, {"sg-1"}}});
  EXPECT_EQ(security_changes(security, security), "");
}

TEST(SecurityRules, ANewMemberIsOneElementAndItsGroupIsNotTouched) {
  std::vector<SecurityGroup> groups{{.id = "sg-1"}, {.id = "sg-2"}};
  Security before = *read_security(groups, {{"eni-1", {"10.0.0.5"}, {"sg-1"}}});
  Security after = *read_security(groups, {{"eni-1", {"10.0.0.5"}, {"sg-1", "sg-2"}}});
  EXPECT_EQ(security_changes(before, after),
            "flush chain inet security to_eni_1\n"
            "flush chain inet security from_eni_1\n"
            "add rule inet security to_eni_1 jump in_sg_1\n"
            "add rule inet security to_eni_1 jump in_sg_2\n"
            "add rule inet security to_eni_1 drop\n"
            "add rule inet security from_eni_1 jump out_sg_1\n"
            "add rule inet security from_eni_1 jump out_sg_2\n"
            "add rule inet security from_eni_1 drop\n"
            "add element inet security members_sg_2 { 10.0.0.5 }\n");
}

TEST(SecurityRules, WrongOnesAreRefused) {
  const SecurityRule wrong[] = {
      {.protocol = 6, .from_port = 90, .to_port = 80},
      {.protocol = 6, .from_port = 1, .to_port = 70000},
      {.protocol = 300},
      {.cidrs = {"10.0.0.0/33"}},
      {.cidrs = {"10.0.0.0/8; flush ruleset"}},
      {.group_id = "sg }"},
  };
  for (const SecurityRule& rule : wrong) {
    EXPECT_FALSE(read_security({{.id = "sg-1", .ingress = {rule}}}, {}));
  }
  EXPECT_FALSE(read_security({}, {{"eni-1", {"10.0.0.5"}, {"sg-unknown"}}}));
}

TEST(Addresses, AreReadWholeOrNotAtAll) {
  EXPECT_EQ(parse_ipv4("10.0.0.1"), 0x0a000001u);
  EXPECT_FALSE(parse_ipv4("10.0.0"));
  EXPECT_FALSE(parse_ipv4("10.0.0.1 "));
  EXPECT_EQ(parse_ipv4_network("10.1.2.3/8")->first(), 0x0a000000u);
  EXPECT_EQ(parse_ipv4_network("1.2.3.4/0")->first(), 0u);
  EXPECT_FALSE(parse_ipv4_network("10.0.0.0/-1"));
  EXPECT_EQ(to_string(*parse_mac("02:00:00:00:0a:FF")), "02:00:00:00:0a:ff");
  EXPECT_FALSE(parse_mac("02:00:00:00:0a"));
}

TEST(Names, FitTheKernelsBounds) {
  EXPECT_LE(interface_name('v', "eni-0123456789abcdef0").size(), 13u);
  EXPECT_TRUE(is_valid_id("i-0123.a_b"));
  for (const char* id : {"", ".", "..", "a/b", "-a", "a b"}) EXPECT_FALSE(is_valid_id(id)) << id;
}

TEST(AnchorMessages, AreReadBackAsWritten) {
  std::vector<std::string> fields{"run", "", std::string("\0\n", 2), std::string(70000, 'x')};
  EXPECT_EQ(decode_fields(encode_fields(fields)).value(), fields);
  std::string bytes = encode_fields({"abc"});
  for (size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_fields(bytes.substr(0, size))) << size;
  }
}

TEST(Records, AreReadBackAsWritten) {
  SandboxRecord record{.slot = 7,
                       .privileges = SandboxSpec::Privileges::Engine,
                       .log_path = "/var/log/x y",
                       .log_bytes_max = 1 << 20};
  auto read = decode_record(encode_record(record));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->slot, 7u);
  EXPECT_EQ(read->privileges, SandboxSpec::Privileges::Engine);
  EXPECT_EQ(read->log_path, "/var/log/x y");
  EXPECT_FALSE(decode_record("1\n9\n3\n/x\n"));
  EXPECT_FALSE(decode_record(""));
}

TEST(ContainerConfig, QuotesWhatOthersWrote) {
  EXPECT_EQ(json_quote("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\u000a\\u0001\"");
}

}  // namespace
}  // namespace holm::sandbox
