// From violations of the model to each protocol's error.

#include "gateway/require_valid.h"

#include <fmt/format.h>

#include "aws/schema/validate.h"
#include "aws/service/error.h"
#include "aws/service/malformed_xml.h"

namespace holm::gateway {

namespace {

using aws::ServiceError;
using aws::Violation;

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
[[noreturn]] void throw_for_ec2(const Violation& violation) {
  if (violation.rule == Violation::Rule::Required) {
    throw ServiceError("MissingParameter", 400,
                       fmt::format("The request must contain the parameter {}", violation.member));
  }
  throw ServiceError("InvalidParameterValue", 400,
                     fmt::format("Value ({}) for parameter {} is invalid. {}", violation.value,
                                 violation.member, violation.constraint));
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
[[noreturn]] void throw_for_s3(const Violation& violation) {
  const bool is_of_schema = violation.rule == Violation::Rule::Required ||
                            violation.rule == Violation::Rule::Enumeration;
  if (is_of_schema && violation.location == aws::Location::Body) {
    throw aws::MalformedXml();
  }
  throw ServiceError(
      "InvalidArgument", 400,
      fmt::format("{} is not valid for {}: {}", violation.value, violation.member, violation.constraint));
}

// As services say it that have codes of their own for it.
void throw_for_service(const aws::ServiceModel& model, const aws::ValidationError& error) {
  const Violation& first = error.violations.front();
  if (first.rule == Violation::Rule::Required && !model.missing_code.empty()) {
    throw ServiceError(model.missing_code, 400,
                       fmt::format("The request must contain the parameter {}.", first.member));
  }
  if (!model.validation_code.empty()) throw ServiceError(model.validation_code, 400, error.message());
}

[[noreturn]] void throw_violations(const aws::Operation& operation, const aws::ValidationError& error) {
  throw_for_service(*operation.model, error);
  switch (operation.model->protocols.front()) {
    case aws::Protocol::Ec2: throw_for_ec2(error.violations.front());
    case aws::Protocol::RestXml: throw_for_s3(error.violations.front());
    case aws::Protocol::Query: throw ServiceError("ValidationError", 400, error.message());
    case aws::Protocol::Json10:
    case aws::Protocol::Json11:
    case aws::Protocol::RestJson:
    case aws::Protocol::RpcV2Cbor: throw ServiceError("ValidationException", 400, error.message());
  }
  throw ServiceError("ValidationException", 400, error.message());
}

}  // namespace

void require_valid(const aws::Operation& operation, const void* input) {
  if (auto error = aws::validate(*operation.input, input)) throw_violations(operation, *error);
  if (auto member = aws::find_unhonoured(*operation.input, input)) {
    throw aws::NotImplemented(fmt::format("{}: {}", operation.name, *member));
  }
}

}  // namespace holm::gateway
