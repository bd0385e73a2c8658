// Http2Fields: a header list as nghttp2 takes it.
#pragma once

#include <nghttp2/nghttp2.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace holm::http {

enum class ContentLength : uint8_t { Keep, LeaveOut };

// Names are lower case in HTTP/2, and headers about the connection have no place in it.
class Http2Fields final {
 public:
  void add(std::string_view name, std::string_view value);
  void add_all(const Headers& headers, ContentLength length);
  // Valid as long as this, and until more is added.
  std::vector<nghttp2_nv> fields();

 private:
  struct Field {
    size_t name;  // Where it begins in the text; the value is right after it.
    size_t name_bytes;
    size_t value_bytes;
  };
  std::string text_;
  std::vector<Field> fields_;
};

inline std::string_view view_of(const uint8_t* bytes, size_t count) {
  return {reinterpret_cast<const char*>(bytes), count};
}

}  // namespace holm::http
