// Header lists and the small print of messages.

#include "http/message.h"

#include <algorithm>

#include "base/strings.h"
#include "http/head_meaning.h"

namespace holm::http {

const std::string* Headers::find(std::string_view name) const {
  for (const Header& header : headers_) {
    if (header.name.size() == name.size() && equals_ignoring_case(header.name, name)) {
      return &header.value;
    }
  }
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const {
  const std::string* value = find(name);
  return value ? std::string_view(*value) : std::string_view();
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Header& header : headers_) {
    if (equals_ignoring_case(header.name, name)) values.push_back(header.value);
  }
  return values;
}

void Headers::add(std::string name, std::string value) {
  headers_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string_view name, std::string value) {
  std::string own_name(name);
  remove(own_name);
  add(std::move(own_name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(headers_,
                [name](const Header& header) { return equals_ignoring_case(header.name, name); });
}

void split_target(Request& request) {
  std::string_view rest = request.target;
  std::optional<std::string_view> authority = find_authority(rest);
  if (request.method == "CONNECT") {
    request.authority = request.target;
    request.path.clear();
    request.query.clear();
    return;
  }
  if (authority) rest = rest.substr(static_cast<size_t>(authority->end() - rest.begin()));
  size_t mark = rest.find('?');
  request.path = rest.substr(0, mark);
  if (request.path.empty()) request.path = "/";
  request.query = mark == std::string_view::npos ? std::string_view() : rest.substr(mark + 1);
  // RFC 9112, section 3.2.2: the authority of the target wins over the Host header.
  request.authority = authority ? *authority : request.headers.get("host");
}

namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {511, "Network Authentication Required"},
};

}  // namespace

std::string_view reason_phrase(int status) {
  const Phrase* found = std::ranges::find(kPhrases, status, &Phrase::status);
  return found == std::end(kPhrases) ? "Unknown" : found->text;
}

}  // namespace holm::http
