// HTTP messages as values: headers, requests, responses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/byte_source.h"
#include "http/deviations.h"
#include "net/address.h"

namespace holm::net {
struct ClientCertificate;
}

namespace holm::http {

// A name and its value, in the memory of whoever gave it.
struct Header {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const Header&, const Header&) = default;
};

// Headers in the order of the wire; names keep their case and are found ignoring it. All names and
// values are in one piece of memory. What is given out of it lives until the list is changed or
// ends; a list that is moved takes it along.
class Headers final {
 public:
  class Iterator;
  // Whether all of it may stand in a message.
  enum class Content : uint8_t { Unknown, Sound };

  Headers() = default;
  Headers(std::initializer_list<Header> headers);
  // Of `headers`, which all are in `text`: that is copied at once, with what is between them.
  Headers(std::string_view text, std::span<const Header> headers, Content content);

  // The value of the first header called `name`.
  std::optional<std::string_view> find(std::string_view name) const;
  // As above, empty when there is none.
  std::string_view get(std::string_view name) const { return find(name).value_or(""); }
  bool has(std::string_view name) const { return find(name).has_value(); }
  std::vector<std::string_view> all(std::string_view name) const;
  // One more, whether or not there is one of that name. Both may be of this list.
  void add(std::string_view name, std::string_view value);
  // The only one of that name from now on.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  // Those for which `test` is true.
  template <class Test>
  void remove_if(const Test& test) {
    std::erase_if(places_, [&](const Place& place) { return test(at(place)); });
  }

  size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  // Known since it was read; what has been added since then has to be looked at.
  Content content() const { return content_; }
  void reserve(size_t count, size_t bytes_each = 40);
  Iterator begin() const;
  Iterator end() const;
  friend bool operator==(const Headers& a, const Headers& b);

 private:
  struct Place {
    uint32_t name = 0;  // Where in `text_`.
    uint32_t name_bytes = 0;
    uint32_t value = 0;
    uint32_t value_bytes = 0;
  };
  Header at(const Place& place) const {
    const char* text = text_.data();
    return {{text + place.name, place.name_bytes}, {text + place.value, place.value_bytes}};
  }

  std::vector<char> text_;  // Of removed ones, too.
  std::vector<Place> places_;
  Content content_ = Content::Unknown;
};

class Headers::Iterator final {
 public:
  using value_type = Header;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  Header operator*() const { return headers_->at(headers_->places_[index_]); }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  Iterator operator++(int) { return {headers_, index_++}; }
  friend bool operator==(const Iterator&, const Iterator&) = default;

 private:
  friend class Headers;
  Iterator(const Headers* headers, size_t index) : headers_(headers), index_(index) {}

  const Headers* headers_ = nullptr;
  size_t index_ = 0;
};

inline Headers::Iterator Headers::begin() const { return {this, 0}; }
inline Headers::Iterator Headers::end() const { return {this, places_.size()}; }

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
  std::shared_ptr<const net::ClientCertificate> client_certificate;  // Null: none was asked for, or given.
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
  // Used instead of `body` when not empty; somebody else's, who keeps it until it has been sent.
  std::string_view borrowed_body;
  // Used instead of both when set. Sent with Content-Length if it knows its length.
  std::unique_ptr<async::ByteSource> body_stream;
  // Over HTTP/2 sent after `body_stream`, with which it lives, and complete when that has ended.
  const Headers* trailers = nullptr;
  // Does not wait for the end of the request, whose body somebody reads meanwhile.
  bool is_early = false;
};

// What is sent of a response without a stream.
inline std::string_view body_of(const Response& response) {
  return response.borrowed_body.empty() ? response.body : response.borrowed_body;
}

// "Not Found"; "Unknown" for codes that are in no list.
std::string_view reason_phrase(int status);

}  // namespace holm::http
