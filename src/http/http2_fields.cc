// https://www.rfc-editor.org/rfc/rfc9113#section-8.2

#include "http/http2_fields.h"

#include "base/strings.h"

namespace holm::http {

namespace {

// Those that HTTP/2 has no use for.
bool is_left_out(std::string_view name, ContentLength length) {
  switch (name.size()) {
    case 7: return equals_ignoring_case(name, "upgrade");
    case 10: return equals_ignoring_case(name, "connection") || equals_ignoring_case(name, "keep-alive");
    case 14: return length == ContentLength::LeaveOut && equals_ignoring_case(name, "content-length");
    case 16: return equals_ignoring_case(name, "proxy-connection");
    case 17: return equals_ignoring_case(name, "transfer-encoding");
    default: return false;
  }
}

}  // namespace

// nghttp2 puts names in lower case when it copies them.
void Http2Fields::add(std::string_view name, std::string_view value) {
  const size_t start = text_.size();
  fields_.push_back({start, name.size(), value.size()});
  text_.append(name).append(value);
}

void Http2Fields::add_all(const Headers& headers, ContentLength length) {
  constexpr size_t kUsualBytes = 40;
  text_.reserve(text_.size() + headers.size() * kUsualBytes);
  fields_.reserve(fields_.size() + headers.size());
  for (const Header& each : headers) {
    if (!is_left_out(each.name, length)) add(each.name, each.value);
  }
}

std::vector<nghttp2_nv> Http2Fields::fields() {
  std::vector<nghttp2_nv> all;
  all.reserve(fields_.size());
  auto* text = reinterpret_cast<uint8_t*>(text_.data());
  for (const Field& each : fields_) {
    uint8_t* name = text + each.name;
    all.push_back({name, name + each.name_bytes, each.name_bytes, each.value_bytes, NGHTTP2_NV_FLAG_NONE});
  }
  return all;
}

}  // namespace holm::http
