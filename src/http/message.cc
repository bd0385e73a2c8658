// Header lists and the small print of messages.

#include "http/message.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "http/head_meaning.h"

namespace holm::http {

namespace {

constexpr size_t kTextMax = UINT32_MAX;
// To a list that was read from a message.
constexpr size_t kUsuallyAdded = 4;

}  // namespace

Headers::Headers(std::initializer_list<Header> headers) {
  reserve(headers.size());
  for (const Header& each : headers) add(each.name, each.value);
}

Headers::Headers(std::string_view text, std::span<const Header> headers, Content content)
    : text_(text.begin(), text.end()), content_(content) {
  CHECK(text.size() <= kTextMax);
  places_.reserve(headers.size() + kUsuallyAdded);
  auto place_of = [text](std::string_view part) {
    return part.empty() ? 0 : static_cast<uint32_t>(part.data() - text.data());
  };
  for (const Header& each : headers) {
    places_.push_back({place_of(each.name), static_cast<uint32_t>(each.name.size()),
                       place_of(each.value), static_cast<uint32_t>(each.value.size())});
  }
}

void Headers::reserve(size_t count, size_t bytes_each) {
  places_.reserve(count);
  text_.reserve(count * bytes_each);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Place& place : places_) {
    if (place.name_bytes != name.size()) continue;
    const Header header = at(place);
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Header& header : *this) {
    if (equals_ignoring_case(header.name, name)) values.push_back(header.value);
  }
  return values;
}

void Headers::add(std::string_view name, std::string_view value) {
  const size_t start = text_.size();
  const size_t bytes = start + name.size() + value.size();
  CHECK(bytes <= kTextMax);
  content_ = Content::Unknown;
  places_.push_back({static_cast<uint32_t>(start), static_cast<uint32_t>(name.size()),
                     static_cast<uint32_t>(start + name.size()),
                     static_cast<uint32_t>(value.size())});
  // The old memory is given up last: name and value may be in it.
  std::vector<char> old;
  if (bytes > text_.capacity()) {
    old.swap(text_);
    text_.reserve(std::max(bytes, 2 * old.capacity()));
    text_.assign(old.begin(), old.end());
  }
  text_.insert(text_.end(), name.begin(), name.end());
  text_.insert(text_.end(), value.begin(), value.end());
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  remove_if([name](const Header& header) { return equals_ignoring_case(header.name, name); });
}

bool operator==(const Headers& a, const Headers& b) { return std::ranges::equal(a, b); }

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
