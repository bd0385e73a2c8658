// The command line of `holm up`.

#include "cli/up/arguments.h"

#include <gtest/gtest.h>

namespace holm::cli {
namespace {

std::string refusal(const std::vector<std::string>& words) {
  auto parsed = parse_up_arguments(words);
  return parsed ? "" : parsed.error().message;
}

TEST(UpArguments, EverythingThatIsToldIsKept) {
  auto parsed = parse_up_arguments({"shop.yaml", "--stack-name", "my-shop", "--parameter", "Words=a=b, c",
                                    "--parameter", "Empty=", "--secret", "DbPassword", "--secret", "Login:12",
                                    "--capability", "CAPABILITY_IAM", "--upload",
                                    "out/shop.zip=s3://packages/shop/one.zip"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->template_path, "shop.yaml");
  EXPECT_EQ(parsed->stack_name, "my-shop");
  const std::vector<std::pair<std::string, std::string>> parameters = {{"Words", "a=b, c"}, {"Empty", ""}};
  EXPECT_EQ(parsed->parameters, parameters);
  const std::vector<SecretParameter> secrets = {{"DbPassword", 32}, {"Login", 12}};
  EXPECT_EQ(parsed->secrets, secrets);
  EXPECT_EQ(parsed->capabilities, std::vector<std::string>{"CAPABILITY_IAM"});
  const std::vector<Upload> uploads = {{"out/shop.zip", "packages", "shop/one.zip"}};
  EXPECT_EQ(parsed->uploads, uploads);
}

TEST(UpArguments, WithoutATemplateOnlyTheRegionIsMeant) {
  auto parsed = parse_up_arguments({});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->template_path, "");
}

TEST(UpArguments, WhatCannotBeMeantIsToldInASentence) {
  const struct {
    std::vector<std::string> words;
    std::string_view sentence;
  } cases[] = {
      {{"a.yaml", "b.yaml"}, "there is one template, a.yaml; what is \"b.yaml\"?"},
      {{"a.yaml", "--colour", "red"}, "holm up knows no option \"--colour\"; holm help lists them"},
      {{"a.yaml", "--parameter"}, "--parameter needs a value"},
      {{"a.yaml", "--parameter", "Name"}, "--parameter wants NAME=VALUE, not \"Name\""},
      {{"a.yaml", "--parameter", "=x"}, "--parameter wants NAME=VALUE, not \"=x\""},
      {{"a.yaml", "--secret", ":12"}, "--secret wants the NAME of a parameter or NAME:LENGTH, not \":12\""},
      {{"a.yaml", "--secret", "A=b"}, "--secret wants the NAME of a parameter or NAME:LENGTH, not \"A=b\""},
      {{"a.yaml", "--secret", "A:4"}, "the length in --secret A:4 is from 8 to 128"},
      {{"a.yaml", "--secret", "A:many"}, "the length in --secret A:many is from 8 to 128"},
      {{"a.yaml", "--upload", "f"}, "--upload wants FILE=s3://BUCKET/KEY, not \"f\""},
      {{"a.yaml", "--upload", "=s3://b/k"}, "--upload wants FILE=s3://BUCKET/KEY, not \"=s3://b/k\""},
      {{"a.yaml", "--upload", "f=s3://b"}, "--upload wants FILE=s3://BUCKET/KEY, not \"f=s3://b\""},
      {{"a.yaml", "--upload", "f=s3://b/"}, "--upload wants FILE=s3://BUCKET/KEY, not \"f=s3://b/\""},
      {{"a.yaml", "--upload", "f=s3:///k"}, "--upload wants FILE=s3://BUCKET/KEY, not \"f=s3:///k\""},
      {{"--parameter", "A=b"}, "which template? holm up TEMPLATE deploys one"},
  };
  for (const auto& each : cases) EXPECT_EQ(refusal(each.words), each.sentence);
}

TEST(UpArguments, AStackIsCalledAsItsTemplate) {
  const std::pair<std::string, std::string> cases[] = {
      {"shop.yaml", "shop"},
      {"./a/b/my_shop.v2.json", "my-shop-v2"},
      {"apps/school/template.yaml", "school"},
      {"template.yaml", "template"},
      {"../template.yaml", "template"},
      {"2024-plan.yaml", "plan"},
      {"2024.yaml", "stack"},
  };
  for (const auto& [path, name] : cases) EXPECT_EQ(stack_name_for(path), name) << path;
}

}  // namespace
}  // namespace holm::cli
