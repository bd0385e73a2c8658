// https://www.rfc-editor.org/rfc/rfc9112#section-6.3 says when a message has a body.

#include "http/response_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

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
  std::optional<uint64_t> length = body_of(response).size();
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
  if (headers.content() == Headers::Content::Sound) return true;
  return std::ranges::all_of(headers, [](const Header& header) {
    return !header.name.empty() && token_bytes(header.name) == header.name.size() && is_text(header.value);
  });
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  const size_t start = out.size();
  const size_t bytes = start + name.size() + value.size() + 4;
  out.resize_and_overwrite(bytes, [&](char* text, size_t) {
    char* end = text + start;
    auto add = [&end](std::string_view part) {
      std::memcpy(end, part.data(), part.size());
      end += part.size();
    };
    add(name);
    add(": ");
    add(value);
    add("\r\n");
    return bytes;
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
      const bool tells = !plan.has_body && response.status >= 200 && response.status != 204 &&
                         equals_ignoring_case(header.name, "content-length");
      if (!tells || has_length) continue;
      has_length = true;
    }
    if (header.name.size() == 4) has_date = has_date || equals_ignoring_case(header.name, "date");
    append_header(out, header.name, header.value);
  }
  if (!has_date && response.status >= 200) append_header(out, "Date", date);
  if (plan.framing == Framing::Length && !has_length) {
    append_header(out, "Content-Length", fmt::format_int(plan.length).c_str());
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
