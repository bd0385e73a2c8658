// Validation over a handmade table.

#include "aws/schema/validate.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "aws/schema/pattern.h"

// As in generated tables: every compiler of ours has these offsets.
#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace holm::aws {
namespace {

struct Tag {
  std::string key;
  std::optional<std::string> value;
  Given given;
};

struct Request {
  std::string name;
  std::optional<int32_t> count;
  std::optional<std::string> color;
  std::vector<std::string> ids;
  std::vector<Tag> tags;
  std::map<std::string, std::string> labels;
  std::optional<std::string> password;
  std::optional<bool> hibernate;
  Given given;
};

const bool kHonoured[] = {true, false};

constinit const Pattern kNamePattern("[a-z]*", "[a-z]*");
constexpr Constraints kNameConstraints{.minimum = 1, .maximum = 4, .pattern = &kNamePattern};
constexpr Constraints kCountConstraints{.minimum = 1, .maximum = 5};
constexpr std::string_view kColors[] = {"red", "green"};
constexpr Constraints kColorConstraints{.values = kColors};
constexpr Constraints kShortConstraints{.maximum = 3};
constexpr Constraints kTwoConstraints{.maximum = 2};

constinit const Shape kName{.kind = Kind::String, .constraints = &kNameConstraints};
constinit const Shape kCount{.kind = Kind::Integer, .constraints = &kCountConstraints};
constinit const Shape kColor{.kind = Kind::String, .constraints = &kColorConstraints};
constinit const Shape kShort{.kind = Kind::String, .constraints = &kShortConstraints};

constexpr Member kTagMembers[] = {{.name = "Key",
                                   .shape = &kShort,
                                   .offset = offsetof(Tag, key),
                                   .ops = &FieldOf<std::string>::ops,
                                   .required = true,
                                   .is_honoured = &kHonoured[0],
                                   .given_bit = 1,
                                   .given_offset = offsetof(Tag, given)},
                                  {.name = "Value",
                                   .shape = &kString,
                                   .offset = offsetof(Tag, value),
                                   .ops = &FieldOf<std::optional<std::string>>::ops,
                                   .is_honoured = &kHonoured[1]}};
constinit const Shape kTag{.kind = Kind::Structure, .name = "Tag", .members = kTagMembers};
constexpr Member kIdElement{.name = "member", .shape = &kShort};
constinit const Shape kIds{.kind = Kind::List,
                           .element = &kIdElement,
                           .list = &ListOf<std::string>::ops,
                           .constraints = &kTwoConstraints};
constexpr Member kTagElement{.name = "member", .shape = &kTag};
constinit const Shape kTags{.kind = Kind::List, .element = &kTagElement, .list = &ListOf<Tag>::ops};
constexpr Member kLabelElement{.name = "value", .shape = &kShort};
constinit const Shape kLabels{.kind = Kind::Map,
                              .element = &kLabelElement,
                              .map = &MapOf<std::string>::ops,
                              .key_constraints = &kTwoConstraints};

constexpr Member kRequestMembers[] = {{.name = "Name",
                                       .shape = &kName,
                                       .offset = offsetof(Request, name),
                                       .ops = &FieldOf<std::string>::ops,
                                       .required = true,
                                       .given_bit = 1,
                                       .given_offset = offsetof(Request, given)},
                                      {.name = "Count",
                                       .shape = &kCount,
                                       .offset = offsetof(Request, count),
                                       .ops = &FieldOf<std::optional<int32_t>>::ops},
                                      {.name = "Color",
                                       .shape = &kColor,
                                       .offset = offsetof(Request, color),
                                       .ops = &FieldOf<std::optional<std::string>>::ops},
                                      {.name = "Ids",
                                       .shape = &kIds,
                                       .offset = offsetof(Request, ids),
                                       .ops = &UnlessEmpty<std::vector<std::string>>::ops},
                                      {.name = "Tags",
                                       .shape = &kTags,
                                       .offset = offsetof(Request, tags),
                                       .ops = &UnlessEmpty<std::vector<Tag>>::ops},
                                      {.name = "Labels",
                                       .shape = &kLabels,
                                       .offset = offsetof(Request, labels),
                                       .ops = &UnlessEmpty<std::map<std::string, std::string>>::ops},
                                      {.name = "Password",
                                       .shape = &kShort,
                                       .offset = offsetof(Request, password),
                                       .ops = &FieldOf<std::optional<std::string>>::ops,
                                       .is_sensitive = true},
                                      {.name = "Hibernate",
                                       .shape = &kBoolean,
                                       .offset = offsetof(Request, hibernate),
                                       .ops = &FieldOf<std::optional<bool>>::ops,
                                       .is_honoured = &kHonoured[1]}};
constinit const Shape kRequest{.kind = Kind::Structure, .name = "Request", .members = kRequestMembers};

std::string message(const Request& request) {
  auto error = validate(kRequest, &request);
  return error ? error->message() : "";
}

struct Case {
  const char* what;
  Request request;
  const char* message;
};

const Case kCases[] = {
    {"what keeps every rule passes",
     {.name = "ab",
      .count = 5,
      .color = "red",
      .ids = {"a", "b"},
      .tags = {{.key = "k"}},
      .labels = {{"a", "b"}}},
     ""},
    {"text that is too short",
     {.name = ""},
     "1 validation error detected: Value '' at 'name' failed to satisfy constraint: Member must have length "
     "greater "
     "than or equal to 1"},
    {"characters count, not bytes; the pattern has to match the whole",
     {.name = "äöüß"},
     "1 validation error detected: Value 'äöüß' at 'name' failed to satisfy constraint: Member must satisfy "
     "regular "
     "expression pattern: [a-z]*"},
    {"two violations of two members",
     {.name = "ab", .count = 6, .color = "blue"},
     "2 validation errors detected: Value '6' at 'count' failed to satisfy constraint: Member must have "
     "value less "
     "than or equal to 5; Value 'blue' at 'color' failed to satisfy constraint: Member must satisfy enum "
     "value set: "
     "[red, green]"},
    {"elements of a list are told as a whole",
     {.name = "ab", .ids = {"a", "long"}},
     "1 validation error detected: Value '[a, long]' at 'ids' failed to satisfy constraint: Member must "
     "satisfy "
     "constraint: [Member must have length less than or equal to 3]"},
    {"a list that is too long",
     {.name = "ab", .ids = {"a", "b", "c"}},
     "1 validation error detected: Value '[a, b, c]' at 'ids' failed to satisfy constraint: Member must have "
     "length "
     "less than or equal to 2"},
    {"structures in lists count from one",
     {.name = "ab", .tags = {{.key = "ok"}, {.key = "long"}}},
     "1 validation error detected: Value 'long' at 'tags.2.member.key' failed to satisfy constraint: Member "
     "must "
     "have length less than or equal to 3"},
    {"keys of maps",
     {.name = "ab", .labels = {{"long", "x"}}},
     "1 validation error detected: Value '{long}' at 'labels' failed to satisfy constraint: Map keys must "
     "satisfy "
     "constraint: [Member must have length less than or equal to 2]"},
    {"sensitive values stay out of messages",
     {.name = "ab", .password = "secret"},
     "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must have length "
     "less "
     "than or equal to 3"},
};

TEST(Validate, SpeaksAsAwsDoes) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(message(c.request), c.message);
  }
}

TEST(Validate, TellsAMissingRequiredMemberFromAnEmptyOne) {
  Request request;
  start_reading(request);
  auto missing = validate(kRequest, &request);
  ASSERT_TRUE(missing.has_value());
  EXPECT_EQ(missing->violations[0].rule, Violation::Rule::Required);
  EXPECT_EQ(missing->message(),
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not "
            "be null");
  ensure_field(kRequest.members[0], &request);
  auto empty = validate(kRequest, &request);
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(empty->violations[0].rule, Violation::Rule::Length);
}

TEST(Validate, ElementsThatACodecAppendsStartWithNothingGiven) {
  Request request{.name = "ab"};
  void* tags = ensure_field(kRequest.members[4], &request);
  kTags.list->append(tags);
  EXPECT_EQ(message(request),
            "1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy constraint: "
            "Member must "
            "not be null");
}

TEST(Validate, LongValuesAreShortenedAtACharacter) {
  std::string text = "x";
  for (int i = 0; i < 2000; ++i) text += "ä";
  auto error = validate(kRequest, std::make_unique<Request>(Request{.name = text}).get());
  ASSERT_TRUE(error.has_value());
  EXPECT_LT(error->violations[0].value.size(), 1010u);
  EXPECT_TRUE(error->violations[0].value.ends_with("ä…'"));
}

TEST(FindUnhonoured, NamesWhatNoCodeReadsUnlessItSaysTheDefault) {
  const std::pair<Request, std::optional<std::string>> rows[] = {
      {{.name = "a"}, std::nullopt},
      {{.name = "a", .hibernate = false}, std::nullopt},
      {{.name = "a", .hibernate = true}, "Hibernate"},
      {{.name = "a", .tags = {{.key = "k", .value = ""}}}, std::nullopt},
      {{.name = "a", .tags = {{.key = "k"}, {.key = "l", .value = "v"}}}, "Tags.Value"},
  };
  for (const auto& [request, expected] : rows) EXPECT_EQ(find_unhonoured(kRequest, &request), expected);
}

TEST(Pattern, IsAnchoredAsAwsAnchorsIt) {
  const Pattern whole("a+", "a+"), start("^a+", "^a+"), end("a+$", "a+$"), both("^a+$", "^a+$");
  EXPECT_TRUE(whole.matches("aa"));
  EXPECT_FALSE(whole.matches("aab"));
  EXPECT_TRUE(start.matches("aab"));
  EXPECT_FALSE(start.matches("baa"));
  EXPECT_TRUE(end.matches("baa"));
  EXPECT_FALSE(end.matches("aab"));
  EXPECT_FALSE(both.matches("aab"));
  EXPECT_FALSE(whole.matches("\xff"));
}

}  // namespace
}  // namespace holm::aws
