// HTTP messages as values: headers, requests, responses.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/byte_source.h"
#include "http/deviations.h"
#include "net/address.h"

namespace holm::http {

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

// Headers in the order of the wire; names keep their case and are found ignoring it.
class Headers final {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> headers) : headers_(headers) {}

  // The value of the first header called `name`, or null.
  const std::string* find(std::string_view name) const;
  // As above, empty when there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::vector<std::string_view> all(std::string_view name) const;
  // One more, whether or not there is one of that name.
  void add(std::string name, std::string value);
  // The only one of that name from now on.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);

  size_t size() const { return headers_.size(); }
  bool empty() const { return headers_.empty(); }
  void reserve(size_t count) { headers_.reserve(count); }
  auto begin() const { return headers_.begin(); }
  auto end() const { return headers_.end(); }
  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<Header> headers_;
};

enum class Version : uint8_t { Http10, Http11, Http2 };
enum class Scheme : uint8_t { Http, Https };

// The head of a request, as it came: nothing is decoded.
struct Request {
  std::string method;
  std::string target;     // "/a%20b?x=1", "http://host/a", "*" or, for CONNECT, "host:443".
  std::string path;       // "/a%20b": of the target, before `?`; "/" for "http://host".
  std::string query;      // "x=1": after `?`.
  std::string authority;  // Of an absolute target, else the Host header: "example.com:8080".
  Version version = Version::Http11;
  Headers headers;
  net::Address peer;
  net::Address local;  // Where the connection arrived.
  Scheme scheme = Scheme::Http;
  // Of TLS ("TLSv1.3", "TLS_AES_128_GCM_SHA256"); empty without. They live for ever.
  std::string_view tls_version;
  std::string_view tls_cipher;
  std::string tls_server_name;  // That the client asked for.
  uint64_t connection = 0;      // Counts the connections of one server on one reactor.
  // Of its head, where the server lets such requests in; a header may then have any bytes.
  Deviations deviations;
};

// Splits `target` into path, query and, of an absolute target, authority, and fills those.
void split_target(Request& request);

struct Response {
  int status = 200;
  Headers headers;  // Framing (Content-Length, Transfer-Encoding, Connection) and Date are added.
  std::string body;
  // Used instead of `body` when set. Sent with Content-Length if it knows its length.
  std::unique_ptr<async::ByteSource> body_stream;
  // Over HTTP/2 sent after `body_stream`, with which it lives, and complete when that has ended.
  const Headers* trailers = nullptr;
  // Does not wait for the end of the request, whose body somebody reads meanwhile.
  bool is_early = false;
};

// "Not Found"; "Unknown" for codes that are in no list.
std::string_view reason_phrase(int status);

}  // namespace holm::http
