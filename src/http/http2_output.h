// What an HTTP/2 session has to send, for both of its ends.
#pragma once

#include <nghttp2/nghttp2.h>

#include <string>

#include "http/http2_fields.h"

namespace holm::http {

// Replaces `out` by what is to be sent next, about 64 KiB at the most; empty: there is nothing.
inline void take_output(nghttp2_session* session, std::string& out) {
  constexpr size_t kSendBytes = 64 * 1024;
  out.clear();
  while (out.size() < kSendBytes) {
    const uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session, &bytes);
    if (count <= 0) break;
    out.append(view_of(bytes, static_cast<size_t>(count)));
  }
}

}  // namespace holm::http
