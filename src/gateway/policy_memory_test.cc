// What is remembered of policies is what parsing them gives.

#include "gateway/policy_memory.h"

#include <gtest/gtest.h>

#include "aws/policy/evaluate.h"

namespace holm::gateway {
namespace {

namespace policy = aws::policy;

std::string statement(std::string_view effect, std::string_view action) {
  return R"({"Version":"2012-10-17","Statement":{"Effect":")" + std::string(effect) +
         R"(","Principal":"*","Action":")" + std::string(action) + R"(","Resource":"*"}})";
}

bool allows(const policy::Policy& resource, std::string_view action) {
  const policy::Principal nobody;
  const policy::Context context;
  const policy::NamedPolicy named{"it", &resource};
  const policy::Request request{nobody, action, "arn:aws:s3:::b/k", "111111111111", context};
  return policy::evaluate(request, {.identity = {}, .resource = {&named, 1}, .session = {}}).allowed();
}

TEST(PolicyMemory, AnswersAsParsingDoesHoweverOftenItIsAsked) {
  PolicyMemory memory;
  for (int round = 0; round < 3; ++round) {
    for (const char* effect : {"Allow", "Deny"}) {
      for (const char* action : {"s3:GetObject", "s3:PutObject", "s3:*"}) {
        const std::string text = statement(effect, action);
        const auto remembered = memory.parse(text);
        ASSERT_TRUE(remembered.has_value()) << text;
        for (const char* asked : {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"})
          EXPECT_EQ(allows(*remembered, asked), allows(*policy::parse(text), asked)) << text << asked;
      }
    }
  }
}

TEST(PolicyMemory, WhatIsNoPolicyStaysNone) {
  PolicyMemory memory;
  EXPECT_FALSE(memory.parse("").has_value());
  EXPECT_FALSE(memory.parse(R"({"Statement":)").has_value());
  EXPECT_FALSE(memory.parse("").has_value());
}

TEST(PolicyMemory, ForgetsBeforeItFillsTheMemory) {
  PolicyMemory memory;
  const std::string kept = statement("Allow", "s3:GetObject");
  // 5 MiB in all, which is more than it keeps.
  for (int i = 0; i < 50; ++i) {
    const std::string padding(100 << 10, 'a');
    const std::string text = statement("Allow", "s3:" + padding + std::to_string(i));
    ASSERT_TRUE(memory.parse(text).has_value());
  }
  EXPECT_TRUE(allows(*memory.parse(kept), "s3:GetObject"));
}

}  // namespace
}  // namespace holm::gateway
