// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-connection-logs.html

#include "dataplane/balancer/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "base/strings.h"
#include "dataplane/balancer/edge.h"
#include "dataplane/balancer/forwarded_head.h"
#include "http/characters.h"
#include "net/client_trust.h"

namespace holm::balancer {

namespace {

constexpr size_t kUnwrittenMax = 64 * 1024;
constexpr async::Duration kWriteAfter{1000};
constexpr std::string_view kOpenLog = ".open";
constexpr std::string_view kConnections = "connections";
constexpr size_t kUserAgentMax = 8 * 1024;

// "2026-11-21T20:15:09.123000Z": AWS writes microseconds; the clock knows milliseconds. Each line has two, so
// this is done without the machinery of formats.
void append_time(std::string& out, Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::milliseconds>(time - day)};
  const size_t before = out.size();
  out.append("0000-00-00T00:00:00.000000Z");
  auto put = [&](size_t at, unsigned digits, uint64_t number) {
    for (; digits > 0; number /= 10) out[before + at + --digits] = static_cast<char>('0' + number % 10);
  };
  put(0, 4, static_cast<uint64_t>(static_cast<int>(date.year())));
  put(5, 2, static_cast<unsigned>(date.month()));
  put(8, 2, static_cast<unsigned>(date.day()));
  put(11, 2, static_cast<uint64_t>(clock.hours().count()));
  put(14, 2, static_cast<uint64_t>(clock.minutes().count()));
  put(17, 2, static_cast<uint64_t>(clock.seconds().count()));
  put(20, 3, static_cast<uint64_t>(clock.subseconds().count()));
}

constexpr bool is_plain(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return c != '"' && c != '\\' && byte >= 0x20 && byte < 0x7f;
}

// How many plain characters `text` begins with.
size_t plain_bytes(std::string_view text) {
  constexpr size_t kStep = sizeof(http::CharacterBlock);
  auto count_in = [](const char* at) {
    const http::CharacterBlock block = http::load_block(at);
    return http::first_of((block == '"') | (block == '\\') | (block < 0x20) | (block > 0x7e));
  };
  if (text.size() < kStep) {
    return static_cast<size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
  }
  const size_t last = text.size() - kStep;
  for (size_t at = 0; at < last; at += kStep) {
    const size_t count = count_in(text.data() + at);
    if (count < kStep) return at + count;
  }
  return last + count_in(text.data() + last);
}

// A client's bytes between quotation marks.
void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += '"';
  while (!text.empty()) {
    const size_t plain = plain_bytes(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto byte = static_cast<uint8_t>(text.front());
    out.append("\\x") += kDigits[byte >> 4];
    out += kDigits[byte & 15];
    text.remove_prefix(1);
  }
  out += '"';
}

void append_number(std::string& out, uint64_t number) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

void append_quoted_or_dash(std::string& out, std::string_view text) {
  if (text.empty()) {
    out.append(" \"-\"");
    return;
  }
  out += ' ';
  append_quoted(out, text);
}

std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

std::string_view type_of(const LogLine& line) {
  const bool is_secure = line.request.scheme == http::Scheme::Https;
  if (line.story.is_tunnel) return is_secure ? "wss" : "ws";
  const bool is_call = line.request.headers.get("content-type").starts_with("application/grpc");
  if (line.request.version == http::Version::Http2) return is_call ? "grpcs" : "h2";
  return is_secure ? "https" : "http";
}

// Seconds with as many digits as the unit has: "0.001", "0.001048".
template <class Unit = std::chrono::milliseconds>
void append_seconds(std::string& out, std::optional<std::chrono::nanoseconds> time) {
  if (!time) {
    out += " -1";
    return;
  }
  constexpr uint64_t kWhole = Unit::period::den;
  const auto count = static_cast<uint64_t>(std::max<int64_t>(std::chrono::duration_cast<Unit>(*time).count(), 0));
  append_number(out += ' ', count / kWhole);
  const fmt::format_int fraction(kWhole + count % kWhole);
  (out += '.').append(fraction.data() + 1, fraction.size() - 1);
}

// What came of a target in three parts; -1 for those that were not reached.
template <class Unit = std::chrono::milliseconds>
void append_times(std::string& out, const LogLine& line) {
  const Story& story = line.story;
  std::optional<std::chrono::nanoseconds> request, target, response;
  if (story.sent_at) request = *story.sent_at - story.begun;
  if (story.sent_at && story.answered_at) {
    target = *story.answered_at - *story.sent_at;
    response = line.ended - *story.answered_at;
  }
  append_seconds<Unit>(out, request);
  append_seconds<Unit>(out, target);
  append_seconds<Unit>(out, response);
}

std::string_view version_of(const http::Request& request) {
  switch (request.version) {
    case http::Version::Http10: return "HTTP/1.0";
    case http::Version::Http11: return "HTTP/1.1";
    case http::Version::Http2: return "HTTP/2.0";
  }
  return "-";
}

// "GET http://www.example.com:80/ HTTP/1.1"; of a request line that cannot be read the parts are hyphens.
std::string request_of(const LogLine& line) {
  const http::Request& request = line.request;
  const bool is_readable = !request.deviations.any_of(
      {http::Deviation::BadMethod, http::Deviation::BadTarget, http::Deviation::BadVersion});
  const std::string_view scheme = request.scheme == http::Scheme::Https ? "https" : "http";
  std::string host = split_host(request.authority).host;
  if (host.empty() && !line.load_balancer.host_names.empty()) host = line.load_balancer.host_names.front();
  std::string text = is_readable ? request.method : "-";
  text.reserve(256);
  text.append(" ").append(scheme).append("://").append(host).append(":");
  append_number(text, line.listener.port);
  if (!is_readable) return text.append("- -");
  text += request.path;
  if (!request.query.empty()) text.append("?").append(request.query);
  return text.append(" ").append(version_of(request));
}

void append_tls(std::string& out, const LogLine& line) {
  out.append(" ").append(or_dash(line.request.tls_cipher));
  out.append(" ").append(or_dash(line.request.tls_version));
}

void append_status(std::string& out, int status) {
  if (status == 0) {
    out += '-';
  } else {
    append_number(out, static_cast<uint64_t>(status));
  }
}

// Sixteen digits.
void append_hexadecimal(std::string& out, uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[number >> shift & 15];
}

void append_connection(std::string& out, uint64_t connection) {
  append_hexadecimal(out.append(" TID_"), connection);
  append_hexadecimal(out, connection * 0x9e3779b97f4a7c15u);
}

// "app/name/0123456789abcdef"
std::string_view resource_of(std::string_view arn) {
  const size_t slash = arn.find('/');
  return slash == std::string_view::npos ? arn : arn.substr(slash + 1);
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html
std::string first_access_log_line(const LogLine& line) {
  const Story& story = line.story;
  std::string out;
  append_time(out, story.arrived);
  out.append(" ").append(resource_of(line.load_balancer.arn));
  out.append(" ").append(line.request.peer.to_string()).append(" ").append(or_dash(story.target));
  append_times<std::chrono::microseconds>(out, line);
  append_number(out += ' ', static_cast<uint64_t>(story.status));
  append_number(out += ' ', static_cast<uint64_t>(story.target_status));
  append_number(out += ' ', story.received_bytes);
  append_number(out += ' ', story.sent_bytes);
  append_quoted_or_dash(out, request_of(line));
  append_quoted_or_dash(out, line.request.headers.get("user-agent").substr(0, kUserAgentMax));
  append_tls(out, line);
  return out += '\n';
}

}  // namespace

std::string access_log_line(const LogLine& line) {
  if (line.load_balancer.generation == Generation::First) return first_access_log_line(line);
  const Story& story = line.story;
  const http::Request& request = line.request;
  std::string out;
  out.reserve(768);
  append_time(out.append(type_of(line)).append(" "), line.now);
  out.append(" ").append(resource_of(line.load_balancer.arn));
  out.append(" ").append(request.peer.to_string()).append(" ");
  out.append(or_dash(story.target));
  append_times(out, line);
  append_status(out += ' ', story.status);
  append_status(out += ' ', story.target_status);
  append_number(out += ' ', story.received_bytes);
  append_number(out += ' ', story.sent_bytes);
  append_quoted_or_dash(out, request_of(line));
  append_quoted_or_dash(out, request.headers.get("user-agent").substr(0, kUserAgentMax));
  append_tls(out, line);
  out.append(" ").append(or_dash(story.group_arn));
  append_quoted_or_dash(out, story.trace);
  append_quoted_or_dash(out, request.tls_server_name);
  append_quoted_or_dash(out, story.certificate_arn);
  out.append(" ").append(story.rule_priority < 0 ? "-" : std::to_string(story.rule_priority));
  append_time(out += ' ', story.arrived);
  append_quoted_or_dash(out, story.action);
  append_quoted_or_dash(out, story.redirect_url);
  append_quoted_or_dash(out, story.error_reason);
  append_quoted_or_dash(out, story.target);
  append_quoted_or_dash(out, story.target_status == 0 ? "" : std::to_string(story.target_status));
  const Classification classification = classify(request.deviations);
  const bool is_compliant = classification.safety == Safety::Compliant;
  append_quoted_or_dash(out, is_compliant ? "" : name_of(classification.safety));
  append_quoted_or_dash(out, classification.reason);
  append_connection(out, line.connection);
  append_quoted_or_dash(out, story.transformed_host);
  append_quoted_or_dash(out, story.transformed_target);
  append_quoted_or_dash(out, story.transform_status);
  return out += '\n';
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html
std::string carried_log_line(const LoadBalancer& load_balancer, const net::Address& peer,
                             const CarriedStory& story) {
  using Unit = std::chrono::microseconds;
  std::string out;
  append_time(out, story.arrived);
  out.append(" ").append(resource_of(load_balancer.arn));
  out.append(" ").append(peer.to_string()).append(" ").append(or_dash(story.target));
  std::optional<std::chrono::nanoseconds> waiting;
  if (story.sent_at) waiting = *story.sent_at - story.accepted;
  append_seconds<Unit>(out, waiting);
  append_seconds<Unit>(out, story.connecting);
  append_seconds<Unit>(out, story.answering);
  append_number(out.append(" - - "), story.received_bytes);
  append_number(out += ' ', story.sent_bytes);
  out.append(" \"- - - \" \"-\" ").append(or_dash(story.tls_cipher));
  return out.append(" ").append(or_dash(story.tls_version)).append("\n");
}

std::string connection_log_line(const ConnectionLine& line) {
  std::string out;
  append_time(out, line.now);
  out.append(" ").append(line.peer.ip()).append(" ");
  append_number(out, line.peer.port());
  append_number(out += ' ', line.listener_port);
  out.append(" ").append(or_dash(line.tls_version)).append(" ").append(or_dash(line.tls_cipher));
  if (line.is_secure && line.is_established && line.handshake) {
    append_seconds(out, line.handshake);
  } else {
    out.append(" -");
  }
  append_quoted_or_dash(out, line.client ? line.client->subject : "");
  out.append(" ").append(line.client ? validity_of(*line.client) : "-");
  out.append(" ").append(or_dash(line.client ? std::string_view(line.client->serial_number) : "")).append(" ");
  if (!line.is_established) {
    out.append("Failed:UnmappedConnectionError");
  } else {
    out.append(line.is_secure ? "Success" : "-");
  }
  append_connection(out, line.connection);
  return out += '\n';
}

std::string to_text(const LogPlace& place) {
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}", place.load_balancer_arn, place.node, place.bucket.name,
                     place.bucket.prefix, place.kind == LogKind::Access ? "" : kConnections,
                     place.bucket.period.count());
}

std::optional<LogPlace> log_place_of(std::string_view text) {
  const auto parts = split(text, '\t');
  // An earlier program's files have four parts, or five, and are of five minutes.
  if (parts.size() < 4 || parts.size() > 6 || parts[0].empty() || parts[2].empty()) return std::nullopt;
  LogPlace place{.load_balancer_arn = std::string(parts[0]),
                 .node = std::string(parts[1]),
                 .bucket = {.name = std::string(parts[2]), .prefix = std::string(parts[3])}};
  if (parts.size() > 4 && parts[4] == kConnections) place.kind = LogKind::Connection;
  if (parts.size() > 5) place.bucket.period = std::chrono::minutes(parse_integer(parts[5]).value_or(5));
  return place;
}

void complete_left_logs(const std::string& folder) {
  std::error_code failed;
  std::vector<std::filesystem::path> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == kOpenLog) left.push_back(entry.path());
  }
  for (const std::filesystem::path& path : left) {
    std::filesystem::path complete = path;
    std::filesystem::rename(path, complete.replace_extension(kCompleteLog), failed);
  }
}

AccessLogFiles::AccessLogFiles(async::Reactor& reactor, std::string folder, size_t number)
    : reactor_(reactor),
      folder_(std::move(folder)),
      number_(number),
      timer_(reactor, [this] { write_all(); }) {}

AccessLogFiles::~AccessLogFiles() { complete(); }

AccessLogFiles::File& AccessLogFiles::file_of(LogPlace place) {
  for (File& each : files_) {
    if (each.place == place) return each;
  }
  const auto now = reactor_.clock().now().time_since_epoch() / std::chrono::milliseconds(1);
  File made{.place = std::move(place),
            .path = fmt::format("{}/{}-{}-{}", folder_, now, number_, ++files_made_),
            .fd = {},
            .unwritten = {}};
  made.unwritten = to_text(made.place) + "\n";
  const std::string path = made.path + std::string(kOpenLog);
  made.fd = UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!made.fd) log::error(fmt::format("an access log cannot be written: {}", path));
  return files_.emplace_back(std::move(made));
}

void AccessLogFiles::add(LogKind kind, const LoadBalancer& load_balancer, const std::string& node,
                         std::string_view line) {
  const std::optional<LogBucket>& bucket =
      kind == LogKind::Access ? load_balancer.log_bucket : load_balancer.connection_log_bucket;
  if (folder_.empty() || !bucket) return;
  File& file = file_of({kind, load_balancer.arn, node, *bucket});
  file.unwritten += line;
  if (file.unwritten.size() >= kUnwrittenMax) write(file);
  if (!timer_.is_armed()) timer_.arm(kWriteAfter);
}

// What the disk does not take is lost: requests are not kept waiting for it.
void AccessLogFiles::write(File& file) {
  std::string_view rest = file.unwritten;
  while (file.fd && !rest.empty()) {
    const ssize_t count = ::write(file.fd.get(), rest.data(), rest.size());
    if (count <= 0) break;
    rest.remove_prefix(static_cast<size_t>(count));
  }
  file.unwritten.clear();
}

void AccessLogFiles::write_all() {
  for (File& each : files_) write(each);
}

void AccessLogFiles::complete() {
  write_all();
  for (File& each : files_) {
    if (!each.fd) continue;
    each.fd = {};
    const std::string open = each.path + std::string(kOpenLog);
    ::rename(open.c_str(), (each.path + std::string(kCompleteLog)).c_str());
  }
  files_.clear();
}

}  // namespace holm::balancer
