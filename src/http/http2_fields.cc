// https://www.rfc-editor.org/rfc/rfc9113#section-8.2

#include "http/http2_fields.h"

#include <algorithm>

#include "base/strings.h"

namespace holm::http {

void Http2Fields::add(std::string_view name, std::string_view value) {
  fields_.push_back({text_.size(), name.size(), value.size()});
  for (char c : name) text_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  text_ += value;
}

void Http2Fields::add_all(const Headers& headers, ContentLength length) {
  constexpr size_t kUsualBytes = 40;
  text_.reserve(text_.size() + headers.size() * kUsualBytes);
  fields_.reserve(fields_.size() + headers.size());
  for (const Header& each : headers) {
    constexpr std::string_view kLeftOut[] = {"connection", "keep-alive", "proxy-connection", "transfer-encoding",
                                             "upgrade"};
    bool is_left_out = std::ranges::any_of(
        kLeftOut, [&](std::string_view name) { return equals_ignoring_case(name, each.name); });
    if (length == ContentLength::LeaveOut && equals_ignoring_case(each.name, "content-length")) is_left_out = true;
    if (!is_left_out) add(each.name, each.value);
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
