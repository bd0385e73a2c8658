// What the query and ec2 protocols have in common: the form a request holds.
#pragma once

#include <string_view>

#include "aws/codec/form_codec.h"
#include "aws/protocol/protocol.h"
#include "formats/form.h"

namespace holm::aws {

// The fields of the body, then those of the query string.
Result<formats::Form, ServiceError> request_form(std::string_view query, std::string_view body);

// The operation's input; a value that cannot be read is an error of this code.
Result<Box, ServiceError> read_form_input(const Operation& operation, const WireRequest& request,
                                          FormDialect dialect, std::string_view error_code);

}  // namespace holm::aws
