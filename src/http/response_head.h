// How a response is framed, and its head as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/head_parser.h"
#include "http/message.h"

namespace holm::http {

enum class AfterResponse : uint8_t { KeepOpen, Close };

struct ResponsePlan {
  Framing framing = Framing::None;
  uint64_t length = 0;
  AfterResponse after = AfterResponse::KeepOpen;
  bool has_body = true;  // False for HEAD and for statuses that have none.
};

// Decides how `response` is sent to a client that asked with `method` in `version`. `after` is what
// is wanted; a body of unknown length closes the connection of an HTTP/1.0 client.
ResponsePlan plan_response(const Response& response, std::string_view method, Version version,
                           AfterResponse after);

// Whether all names and values can be sent; a line end in a value would forge a header.
bool can_be_sent(const Headers& headers);

// Appends a header line.
void append_header(std::string& out, std::string_view name, std::string_view value);

// Appends the head. Framing headers of the response are left out in favour of the plan's, except
// for a Content-Length in answer to HEAD or with status 304: it tells of a body that is not sent.
void append_response_head(std::string& out, const Response& response, const ResponsePlan& plan,
                          Version version, std::string_view date);

// "1a2b\r\n", before a chunk of so many bytes.
std::string chunk_size_line(size_t bytes);

}  // namespace holm::http
