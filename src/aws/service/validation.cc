// Violations of the model as errors of the protocols.

#include "aws/service/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "aws/schema/validate.h"
#include "aws/service/error.h"
#include "aws/service/operation.h"

namespace holm::aws {

namespace {

// What services call it that model such an error; the first that an operation knows.
constexpr std::string_view kModelledCodes[] = {"ValidationException", "ValidationError",
                                               "InvalidParameterException"};

bool speaks(const ServiceModel& model, Protocol protocol) {
  return std::ranges::find(model.protocols, protocol) != model.protocols.end();
}

std::string_view code_for(const Operation& operation) {
  for (std::string_view code : kModelledCodes) {
    if (std::ranges::find(operation.errors, code, &ErrorModel::shape) != operation.errors.end()) return code;
  }
  return speaks(*operation.model, Protocol::Query) ? "ValidationError" : "ValidationException";
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
ServiceError ec2_error(const Violation& violation) {
  if (violation.rule == Violation::Rule::Required) {
    return {"MissingParameter", 400,
            fmt::format("The request must contain the parameter {}", violation.member)};
  }
  return {"InvalidParameterValue", 400,
          fmt::format("Value ({}) for parameter {} is invalid. {}", violation.value, violation.member,
                      violation.constraint)};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
ServiceError rest_xml_error(const Violation& violation) {
  if (violation.location == Location::Body) {
    return {"MalformedXML", 400,
            "The XML you provided was not well-formed or did not validate against our published schema"};
  }
  ServiceError error("InvalidArgument", 400, violation.constraint);
  error.with("ArgumentName", violation.member).with("ArgumentValue", violation.value);
  return error;
}

ServiceError to_error(const Operation& operation, const ValidationError& invalid) {
  const Violation& first = invalid.violations.front();
  if (speaks(*operation.model, Protocol::Ec2)) return ec2_error(first);
  if (speaks(*operation.model, Protocol::RestXml)) return rest_xml_error(first);
  return {code_for(operation), 400, invalid.message()};
}

}  // namespace

void require_valid(const Operation& operation, const void* input) {
  if (auto invalid = validate(*operation.input, input)) throw to_error(operation, *invalid);
  if (auto path = find_unhonoured(*operation.input, input)) {
    throw NotImplemented(fmt::format("{}: {}", operation.name, *path));
  }
}

}  // namespace holm::aws
