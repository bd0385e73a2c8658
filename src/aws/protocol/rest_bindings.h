// What the REST protocols carry outside of documents: labels in the path, the query string,
// headers, the status, and bodies that are bytes or text.
// https://smithy.io/2.0/spec/http-bindings.html
#pragma once

#include "aws/codec/codec_error.h"
#include "aws/protocol/protocol.h"

namespace holm::aws {

CodecResult read_bindings(const Operation& operation, const WireRequest& request, void* input);

// Sets the status and headers; Content-Length only in the answer to HEAD, as the server frames
// others.
void write_bindings(const Operation& operation, const void* output, http::Response& response);

// What the body of a message is whose members are those of `shape`.
enum class BodyKind {
  None,       // No member is there.
  Raw,        // The payload member's bytes, text or stream.
  Payload,    // A document: the payload member.
  Structure,  // A document: all members that are bound to no other place.
};
BodyKind body_kind(const Shape& shape);

// Gives the body to the payload member; an empty one leaves it absent unless it is a stream.
CodecResult read_raw_body(const Member& payload, WireRequest& request, void* input);
// Sets the body, and its type unless a header member has said it.
void write_raw_body(const Member& payload, const void* output, http::Response& response);

void set_content_type(http::Response& response, std::string_view type);

}  // namespace holm::aws
