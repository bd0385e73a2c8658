// Which error a violation becomes in each family of protocols.

#include "aws/service/validation.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "aws/service/error.h"
#include "aws/service/operation.h"

// As in generated tables: every compiler of ours has these offsets.
#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace holm::aws {
namespace {

struct Input {
  std::string name;
  std::optional<bool> hibernate;
  Given given;
};

const bool kNotHonoured = false;
constexpr Constraints kShortConstraints{.maximum = 3};
constinit const Shape kShort{.kind = Kind::String, .constraints = &kShortConstraints};
constexpr Member kMembers[] = {{.name = "Name",
                                .shape = &kShort,
                                .offset = offsetof(Input, name),
                                .ops = &FieldOf<std::string>::ops,
                                .location = Location::Header,
                                .required = true,
                                .given_bit = 1,
                                .given_offset = offsetof(Input, given)},
                               {.name = "Hibernate",
                                .shape = &kBoolean,
                                .offset = offsetof(Input, hibernate),
                                .ops = &FieldOf<std::optional<bool>>::ops,
                                .is_honoured = &kNotHonoured}};
constinit const Shape kInput{.kind = Kind::Structure, .name = "Input", .members = kMembers};

// "code: message" of what is thrown for `input`, or nothing.
std::string refusal(Protocol protocol, std::span<const ErrorModel> errors, const Input& input) {
  const Protocol protocols[] = {protocol};
  const ServiceModel model{.protocols = protocols};
  const Operation operation{.model = &model, .name = "Start", .input = &kInput, .errors = errors};
  try {
    require_valid(operation, &input);
  } catch (const ServiceError& error) {
    return error.code + ": " + error.what();
  }
  return "";
}

constexpr std::string_view kTooLong =
    "1 validation error detected: Value 'long' at 'name' failed to satisfy constraint: Member must have "
    "length "
    "less than or equal to 3";

TEST(RequireValid, SpeaksTheProtocolsWords) {
  const Input too_long{.name = "long"};
  const ErrorModel logs[] = {{"InvalidParameterException", "InvalidParameterException", 400}};
  EXPECT_EQ(refusal(Protocol::Query, {}, too_long), "ValidationError: " + std::string(kTooLong));
  EXPECT_EQ(refusal(Protocol::Json11, {}, too_long), "ValidationException: " + std::string(kTooLong));
  EXPECT_EQ(refusal(Protocol::Json11, logs, too_long), "InvalidParameterException: " + std::string(kTooLong));
  EXPECT_EQ(
      refusal(Protocol::Ec2, {}, too_long),
      "InvalidParameterValue: Value ('long') for parameter Name is invalid. Member must have length less "
      "than or equal to 3");
  EXPECT_EQ(refusal(Protocol::RestXml, {}, too_long),
            "InvalidArgument: Member must have length less than or equal to 3");
}

TEST(RequireValid, NamesAMissingParameterAsEc2Does) {
  Input input;
  start_reading(input);
  EXPECT_EQ(refusal(Protocol::Ec2, {}, input),
            "MissingParameter: The request must contain the parameter Name");
}

TEST(RequireValid, RefusesByNameWhatNoCodeReads) {
  EXPECT_EQ(refusal(Protocol::Json11, {}, {.name = "a", .hibernate = true}),
            "NotImplemented: Start: Hibernate is not implemented by holm.");
  EXPECT_EQ(refusal(Protocol::Json11, {}, {.name = "a", .hibernate = false}), "");
}

}  // namespace
}  // namespace holm::aws
