// What the protocols' error envelopes have in common.
#pragma once

#include <string_view>

#include "aws/codec/codec_error.h"
#include "aws/protocol/protocol.h"

namespace holm::formats {
struct Value;
}

namespace holm::aws {

// The name of the error's shape, which JSON and CBOR write, when the operation's model has one for
// the code; else the code.
std::string_view error_shape(const Operation* operation, const ServiceError& error);

// "Sender" when the request is at fault, "Receiver" when the service is.
std::string_view error_fault(const ServiceError& error);

// A request that cannot be read: 400 with this code.
ServiceError unreadable(std::string_view code, const CodecError& error);

// Adds what a client written for the query protocol expects the error to be called.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
void add_query_error(const ServiceModel* model, const ServiceError& error,
                     http::Response& response);

// The status, the error's own headers and the type of the body.
void start_error(const ServiceError& error, std::string_view content_type,
                 http::Response& response);

// {"__type":…,"message":…, members…}, without the type when it is empty.
formats::Value error_document(std::string_view type, const ServiceError& error);

}  // namespace holm::aws
