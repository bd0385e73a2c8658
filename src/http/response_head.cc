// https://www.rfc-editor.org/rfc/rfc9112#section-6.3 says when a message has a body.

#include "http/response_head.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "http/characters.h"

namespace holm::http {

namespace {

bool is_framing_header(std::string_view name) {
  switch (name.size()) {
    case 10:
      return equals_ignoring_case(name, "connection");
    case 14:
      return equals_ignoring_case(name, "content-length");
    case 17:
      return equals_ignoring_case(name, "transfer-encoding");
    default:
      return false;
  }
}

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

ResponsePlan plan_response(const Response& response, std::string_view method, Version version,
                           AfterResponse after) {
  ResponsePlan plan;
  plan.after = after;
  plan.has_body = status_has_body(response.status) && method != "HEAD";
  if (!status_has_body(response.status)) return plan;
  std::optional<uint64_t> length = response.body.size();
  if (response.body_stream) length = response.body_stream->length();
  if (length) {
    plan.framing = Framing::Length;
    plan.length = *length;
  } else if (version == Version::Http10) {
    plan.framing = Framing::UntilClose;
    plan.after = AfterResponse::Close;
  } else {
    plan.framing = Framing::Chunked;
  }
  return plan;
}

bool can_be_sent(const Headers& headers) {
  return std::ranges::all_of(headers, [](const Header& header) {
    return !header.name.empty() && all(kToken, header.name) && is_text(header.value);
  });
}

void append_response_head(std::string& out, const Response& response, const ResponsePlan& plan,
                          Version version, std::string_view date) {
  out.append("HTTP/1.1 ").append(fmt::format_int(response.status).c_str()).append(" ");
  out.append(reason_phrase(response.status)).append("\r\n");
  bool has_date = false;
  bool has_length = false;
  for (const Header& header : response.headers) {
    if (is_framing_header(header.name)) {
      bool tells = !plan.has_body && response.status >= 200 && response.status != 204 &&
                   equals_ignoring_case(header.name, "content-length");
      if (!tells || has_length) continue;
      has_length = true;
    }
    has_date = has_date || equals_ignoring_case(header.name, "date");
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (!has_date && response.status >= 200) out.append("Date: ").append(date).append("\r\n");
  if (plan.framing == Framing::Length && !has_length) {
    out.append("Content-Length: ").append(fmt::format_int(plan.length).c_str()).append("\r\n");
  }
  if (plan.framing == Framing::Chunked && !has_length) out += "Transfer-Encoding: chunked\r\n";
  if (response.status >= 200 && plan.after == AfterResponse::Close) {
    out += "Connection: close\r\n";
  } else if (response.status >= 200 && version == Version::Http10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

std::string chunk_size_line(size_t bytes) { return fmt::format("{:x}\r\n", bytes); }

}  // namespace holm::http
