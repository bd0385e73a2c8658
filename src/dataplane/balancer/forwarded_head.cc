// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html

#include "dataplane/balancer/forwarded_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/strings.h"
#include "base/time_format.h"
#include "http/characters.h"
#include "http/head_meaning.h"
#include "http/outgoing_head.h"
#include "http/response_head.h"
#include "net/client_trust.h"

namespace holm::balancer {

namespace {

// Whether `name` is one of `names`, ignoring case; most names differ from all in their length or first letter.
template <size_t count>
class NameSet final {
 public:
  consteval explicit NameSet(std::array<std::string_view, count> names) : names_(names) {
    for (std::string_view each : names_) first_letters_[each.size()] |= letter_bit(each.front());
  }
  bool contains(std::string_view name) const {
    if (name.empty() || name.size() >= first_letters_.size()) return false;
    if ((first_letters_[name.size()] & letter_bit(name.front())) == 0) return false;
    return std::ranges::any_of(names_, [name](std::string_view each) {
      return each.size() == name.size() && equals_ignoring_case(each, name);
    });
  }

 private:
  static constexpr uint32_t letter_bit(char c) { return uint32_t{1} << (static_cast<uint8_t>(c) & 31); }

  std::array<std::string_view, count> names_;
  std::array<uint32_t, 40> first_letters_{};  // By the length of the name.
};

// RFC 9110, section 7.6.1, and what the balancer writes itself.
constexpr NameSet<9> kHopByHop({"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade",
                                "expect", "transfer-encoding", "content-length"});
constexpr NameSet<13> kReplaced({"host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-port",
                                 "x-amzn-trace-id", "x-amzn-tls-version", "x-amzn-tls-cipher-suite",
                                 "x-amzn-mtls-clientcert", "x-amzn-mtls-clientcert-leaf",
                                 "x-amzn-mtls-clientcert-issuer", "x-amzn-mtls-clientcert-subject",
                                 "x-amzn-mtls-clientcert-validity", "x-amzn-mtls-clientcert-serial-number"});

bool is_named_connection(std::string_view name) {
  return name.size() == 10 && (name.front() | 0x20) == 'c' && equals_ignoring_case(name, "connection");
}

// What the Connection headers of a message name, but for what is left out anyway.
std::vector<std::string_view> named_by_connection(const http::Headers& headers) {
  std::vector<std::string_view> names;
  for (const http::Header& header : headers) {
    if (!is_named_connection(header.name)) continue;
    for (std::string_view rest = header.value; !rest.empty();) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view name = trim(rest.substr(0, comma));
      if (!kHopByHop.contains(name)) names.push_back(name);
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return names;
}

bool is_among(const std::vector<std::string_view>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view each) { return equals_ignoring_case(each, name); });
}

http::Headers without_hop_by_hop(http::Headers headers) {
  const std::vector<std::string_view> named = named_by_connection(headers);
  headers.remove_if([&](const http::Header& header) {
    // In answer to HEAD the length tells of a body that is not sent; the server sees to it.
    if (kHopByHop.contains(header.name)) return !equals_ignoring_case(header.name, "content-length");
    return is_among(named, header.name);
  });
  return headers;
}

bool is_valid_name(std::string_view name) { return http::all(http::kPlainName, name); }

std::string joined(const http::Headers& headers, std::string_view name) {
  std::string result;
  if (!headers.has(name)) return result;
  for (std::string_view value : headers.all(name)) {
    if (!result.empty()) result += ", ";
    result += value;
  }
  return result;
}

std::string forwarded_for(const RequestHead& head) {
  const LoadBalancer& settings = head.load_balancer;
  if (settings.forwarded_for == ForwardedFor::Remove) return {};
  std::string addresses = joined(head.request.headers, "x-forwarded-for");
  if (settings.forwarded_for == ForwardedFor::Append) {
    if (!addresses.empty()) addresses += ", ";
    bool with_port = settings.client_port == ClientPort::Add;
    addresses += with_port ? head.request.peer.to_string() : head.request.peer.ip();
  }
  return addresses;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
// A trace that has a root already gets a field of our own before it.
void append_trace(std::string& out, const http::Request& request, std::string_view root) {
  out.reserve(out.size() + 5 + root.size());
  const std::string trace = joined(request.headers, "x-amzn-trace-id");
  if (trace.empty()) {
    out.append("Root=").append(root);
    return;
  }
  bool has_root = false;
  std::string others;
  for (std::string_view field : split(trace, ';')) {
    if (field.empty() || field.starts_with("Self=")) continue;
    has_root = has_root || field.starts_with("Root=");
    others.append(";").append(field);
  }
  out.append(has_root ? "Self=" : "Root=").append(root).append(others);
}

// Characters that recipients could take for the target's end are escaped.
std::string escaped(std::string_view target) {
  std::string result;
  for (char c : target) {
    const bool passes = (http::is(http::kTarget, c) && c != '#') || static_cast<uint8_t>(c) >= 0x80;
    if (passes) {
      result += c;
    } else {
      fmt::format_to(std::back_inserter(result), "%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return result;
}

std::string target_of(const http::Request& request) {
  std::string target = request.target;
  if (!target.starts_with('/') && target != "*") {
    target = request.query.empty() ? request.path : request.path + "?" + request.query;
  }
  return request.deviations.empty() ? target : escaped(target);
}

bool can_be_passed_on(std::string_view name) {
  return !name.empty() && http::token_bytes(name) == name.size() && !http::resembles_framing(name);
}

// RFC 9110, section 5.5: control characters may stand in no value; a space may.
std::string mended(std::string_view value) {
  std::string result(value);
  for (char& c : result) {
    if (!http::is(http::kText, c)) c = ' ';
  }
  return result;
}

// Load balancers of the first generation know nothing of the names that begin so.
bool passes_as_it_is(const RequestHead& head, std::string_view name) {
  return head.load_balancer.generation == Generation::First && to_lower(name).starts_with("x-amzn-");
}

// Nobody but the balancer tells targets of clients' certificates, whatever the headers are called.
bool is_own(const TlsHeaderNames& names, std::string_view name) {
  const std::string* const all[] = {&names.serial_number, &names.issuer, &names.subject, &names.validity,
                                    &names.leaf,          &names.chain,  &names.version, &names.cipher};
  return std::ranges::any_of(all, [name](const std::string* each) { return equals_ignoring_case(*each, name); });
}

// PEM in one line, as AWS has it: `+`, `=` and `/` stay as they are.
std::string in_one_line(std::string_view pem) {
  std::string text;
  text.reserve(pem.size() + pem.size() / 16);
  for (char c : pem) {
    if (c == '\n') {
      text += "%0A";
    } else if (c == ' ') {
      text += "%20";
    } else {
      text += c;
    }
  }
  return text;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html
template <class Add>
void describe_tls(const RequestHead& head, const ListenerTls& tls, const Add& add) {
  static const TlsHeaderNames kUsual;
  const TlsHeaderNames& names = tls.header_names ? *tls.header_names : kUsual;
  const http::Request& request = head.request;
  if (head.load_balancer.tls_headers == TlsHeaders::Add && !request.tls_version.empty()) {
    add(names.version, request.tls_version);
    add(names.cipher, request.tls_cipher);
  }
  const net::ClientCertificate* const client = request.client_certificate.get();
  if (!client || tls.client_certificates == ClientCertificates::None) return;
  if (tls.client_certificates == ClientCertificates::PassedOn) {
    add(names.chain, in_one_line(client->chain));
    return;
  }
  add(names.serial_number, client->serial_number);
  add(names.issuer, client->issuer);
  add(names.subject, client->subject);
  add(names.validity, validity_of(*client));
  add(names.leaf, in_one_line(client->leaf));
}

// Gives `add` each header that a target gets, but for Host and those that frame the message.
template <class Add>
void describe_headers(const RequestHead& head, const Add& add) {
  const http::Request& request = head.request;
  const std::string addresses = forwarded_for(head);
  if (!addresses.empty()) add("X-Forwarded-For", addresses);
  add("X-Forwarded-Proto", request.scheme == http::Scheme::Https ? "https" : "http");
  add("X-Forwarded-Port", fmt::format_int(head.listener.port).c_str());
  if (head.load_balancer.generation == Generation::Second) {
    add("X-Amzn-Trace-Id", trace_of(request, head.trace_root));
  }
  if (head.listener.tls) describe_tls(head, *head.listener.tls, add);
  const TlsHeaderNames* const own_names =
      head.listener.tls && head.listener.tls->header_names ? &*head.listener.tls->header_names : nullptr;
  const bool drops = head.load_balancer.invalid_headers == InvalidHeaders::Drop;
  const bool is_careful = !request.deviations.empty();
  const std::vector<std::string_view> named = named_by_connection(request.headers);
  for (const http::Header& header : request.headers) {
    if (kHopByHop.contains(header.name)) continue;
    if (kReplaced.contains(header.name) && !passes_as_it_is(head, header.name)) continue;
    if (own_names && is_own(*own_names, header.name)) continue;
    if (!named.empty() && is_among(named, header.name)) continue;
    if (drops && !is_valid_name(header.name)) continue;
    if (is_careful && !can_be_passed_on(header.name)) continue;
    if (!is_careful || http::is_text(header.value)) {
      add(header.name, header.value);
    } else {
      add(header.name, mended(header.value));
    }
  }
}

// How many bytes of "example.com:80" and "[::1]:80" are the host.
size_t host_bytes(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  const bool has_none = colon == std::string_view::npos || authority.find(']', colon) != std::string_view::npos;
  return has_none ? authority.size() : colon;
}

// Whose memory is `request`'s or `made`.
std::string_view host_of(const RequestHead& head, std::string& made) {
  const http::Request& request = head.request;
  std::string_view host = request.authority;
  if (head.load_balancer.host_header == HostHeader::Preserve) {
    if (const auto said = request.headers.find("host")) host = *said;
    if (!host.empty()) return host;
  }
  if (host.empty()) host = made = request.local.ip();
  const size_t bytes = host_bytes(host);
  if (head.visible_port == 80 || head.visible_port == 443) return host.substr(0, bytes);
  const bool has_port = bytes + 1 < host.size();
  if (has_port) return host;
  made = fmt::format("{}:{}", host.substr(0, bytes), head.visible_port);
  return made;
}

std::string_view title(int status) {
  // The words of AWS's pages, which differ from the standard's.
  if (status == 503) return "Service Temporarily Unavailable";
  if (status == 504) return "Gateway Time-out";
  if (status == 463 || status == 464) return "";
  return http::reason_phrase(status);
}

}  // namespace

std::string validity_of(const net::ClientCertificate& client) {
  return fmt::format("NotBefore={};NotAfter={}", iso8601(client.not_before), iso8601(client.not_after));
}

// To HTTP/2 nobody upgrades behind the balancer's back: what is asked there would pass by its rules.
bool wants_upgrade(const http::Request& request) {
  return request.headers.has("upgrade") && request.version == http::Version::Http11 &&
         http::has_token(request.headers, "connection", "upgrade") &&
         !http::has_token(request.headers, "upgrade", "h2c");
}

size_t forwarded_address_count(const http::Request& request) {
  std::string addresses = joined(request.headers, "x-forwarded-for");
  return addresses.empty() ? 0 : split(addresses, ',').size();
}

std::string trace_of(const http::Request& request, std::string_view root) {
  std::string text;
  append_trace(text, request, root);
  return text;
}

void append_request_head(std::string& out, const RequestHead& head) {
  const http::Request& request = head.request;
  out.append(request.method).append(" ");
  if (request.deviations.empty() && request.target.starts_with('/')) {
    out.append(request.target);
  } else {
    out.append(target_of(request));
  }
  out.append(" HTTP/1.1\r\n");
  std::string made_host;
  http::append_header(out, "Host", host_of(head, made_host));
  describe_headers(head, [&out](std::string_view name, std::string_view value) {
    http::append_header(out, name, value);
  });
  if (wants_upgrade(request)) {
    out.append("Connection: upgrade\r\nUpgrade: ").append(request.headers.get("upgrade")).append("\r\n");
  }
  if (!head.body_length) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (*head.body_length > 0 || request.headers.has("content-length")) {
    http::append_header(out, "Content-Length", fmt::format_int(*head.body_length).c_str());
  }
  out += "\r\n";
}

http::Headers forwarded_headers(const RequestHead& head) {
  http::Headers result;
  result.reserve(head.request.headers.size() + 5);
  std::string made_host;
  result.add("Host", host_of(head, made_host));
  describe_headers(head, [&result](std::string_view name, std::string_view value) {
    result.add(name, value);
  });
  return result;
}

http::Http2RequestHead http2_request_head(const RequestHead& head, TargetProtocol protocol) {
  const http::Request& request = head.request;
  http::Http2RequestHead made{.method = request.method,
                              .scheme = has_tls(protocol) ? "https" : "http",
                              .authority = {},
                              .path = target_of(request),
                              .headers = {}};
  std::string made_host;
  made.authority = host_of(head, made_host);
  made.headers.reserve(request.headers.size() + 6);
  describe_headers(head, [&made](std::string_view name, std::string_view value) {
    made.headers.add(name, value);
  });
  // The only word about a connection that HTTP/2 has room for; calls are not made without.
  if (http::has_token(request.headers, "te", "trailers")) made.headers.add("te", "trailers");
  if (head.body_length && (*head.body_length > 0 || request.headers.has("content-length"))) {
    made.headers.add("content-length", fmt::format_int(*head.body_length).str());
  }
  return made;
}

bool has_invalid_headers(const http::Request& request) {
  return std::ranges::any_of(request.headers,
                             [](const http::Header& header) { return !is_valid_name(header.name); });
}

http::Headers end_to_end_headers(const http::Headers& headers) { return without_hop_by_hop(headers); }

http::Headers end_to_end_headers(const http::Head& head) {
  return without_hop_by_hop(http::headers_of(head));
}

void finish_target_headers(http::Headers& headers, const Listener& listener) {
  for (const auto& [name, value] : listener.response_headers) headers.set(name, value);
}

void finish_own_headers(http::Headers& headers, const Listener& listener) {
  if (listener.server_header == ServerHeader::Omit) headers.remove("server");
  finish_target_headers(headers, listener);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
// Headers beyond the limits are a bad request there.
http::Response error_response(int status) {
  if (status == 431) status = 400;
  http::Response response;
  response.status = status;
  response.headers.add("Server", "awselb/2.0");
  response.headers.add("Content-Type", "text/html");
  response.body = fmt::format(
      "<html>\r\n<head><title>{0} {1}</title></head>\r\n<body>\r\n<center><h1>{0} {1}</h1></center>"
      "\r\n</body>\r\n</html>\r\n",
      status, title(status));
  return response;
}

}  // namespace holm::balancer
