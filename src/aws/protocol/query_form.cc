// What the query and ec2 protocols have in common: the form a request holds.

#include "aws/protocol/query_form.h"

#include <iterator>

#include "aws/protocol/errors.h"
#include "http/message.h"

namespace holm::aws {

Result<formats::Form, ServiceError> request_form(std::string_view query, std::string_view body) {
  auto form = formats::parse_form(body);
  if (!form)
    return std::unexpected(ServiceError("MalformedQueryString", 400, form.error().message));
  auto more = formats::parse_form(query);
  if (!more)
    return std::unexpected(ServiceError("MalformedQueryString", 400, more.error().message));
  std::move(more->begin(), more->end(), std::back_inserter(*form));
  return *std::move(form);
}

Result<Box, ServiceError> read_form_input(const Operation& operation, const WireRequest& request,
                                          FormDialect dialect, std::string_view error_code) {
  auto form = request_form(request.head->query, request.body);
  if (!form) return std::unexpected(std::move(form.error()));
  Box input = operation.make_input();
  auto result = read_form(*form, dialect, *operation.input, input.get());
  if (!result) return std::unexpected(unreadable(error_code, result.error()));
  return input;
}

}  // namespace holm::aws
