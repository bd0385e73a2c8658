// Access logs, a line for each request, and connection logs, a line for each connection of a client: gathered by
// each reactor and appended to files, which others deliver.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/reactor.h"
#include "base/clock.h"
#include "base/unique_fd.h"
#include "dataplane/balancer/config.h"
#include "dataplane/balancer/desync.h"
#include "http/message.h"

namespace holm::balancer {

// What happened to one request; filled in as it goes along.
struct Story {
  Time arrived{};
  SteadyTime begun{};
  std::string trace;           // X-Amzn-Trace-Id as the target got it.
  int rule_priority = -1;      // 0: the default rule; -1: none was looked for.
  std::string_view action;     // "forward"; empty: none.
  std::string redirect_url;
  std::string_view group_arn;
  std::string target;          // "10.0.0.1:80", of the target that was tried last.
  std::optional<SteadyTime> sent_at;      // When the target had the whole request.
  std::optional<SteadyTime> answered_at;  // When the head of its response was there.
  int target_status = 0;
  int status = 0;              // What the client got; 460 when it had left.
  bool is_tunnel = false;
  std::string_view error_reason;  // "LambdaThrottling"; empty: none.
  // What the rule's transforms made of the request; empty: what the client sent.
  std::string transformed_host;
  std::string transformed_target;
  std::string_view transform_status;  // "TransformSuccess"; empty: there was nothing to do.
  std::string_view certificate_arn;
  uint64_t received_bytes = 0;
  uint64_t sent_bytes = 0;
};

struct LogLine {
  const http::Request& request;
  const LoadBalancer& load_balancer;
  const Listener& listener;
  const Story& story;
  Time now{};           // When the response was over.
  SteadyTime ended{};
  uint64_t connection = 0;  // A number that no other connection has; secret enough to tell nothing.
};
// With its line end, in the form of the load balancer's generation. What a client sent can neither end the line
// nor a field before its time.
std::string access_log_line(const LogLine& line);

// What happened to a connection that was carried as it is.
struct CarriedStory {
  Time arrived{};
  SteadyTime accepted{};
  std::string target;  // "10.0.0.1:80"; empty: none was reached.
  std::optional<std::chrono::nanoseconds> connecting;  // How long that took.
  std::optional<SteadyTime> sent_at;  // When the target had the first byte.
  std::optional<std::chrono::nanoseconds> answering;  // From the target's first byte to its being with the client.
  uint64_t received_bytes = 0;  // From the client.
  uint64_t sent_bytes = 0;
  std::string tls_version;  // Empty: no TLS.
  std::string tls_cipher;
};
// Of the first generation, which logs these connections as requests without a request.
std::string carried_log_line(const LoadBalancer& load_balancer, const net::Address& peer,
                             const CarriedStory& story);

// A connection of a client, or one whose TLS came to nothing.
struct ConnectionLine {
  const net::Address& peer;
  uint16_t listener_port = 0;
  bool is_secure = false;
  bool is_established = true;
  std::string_view tls_version;  // Of TLS that was established, as the next two.
  std::string_view tls_cipher;
  std::optional<std::chrono::nanoseconds> handshake;  // None: nobody has measured it.
  Time now{};
  uint64_t connection = 0;  // As its requests' lines have it.
  std::shared_ptr<const net::ClientCertificate> client = nullptr;
};
std::string connection_log_line(const ConnectionLine& line);

enum class LogKind : uint8_t { Access, Connection };

// Where the lines of one load balancer's node go; the first line of a file says so.
struct LogPlace {
  LogKind kind = LogKind::Access;
  std::string load_balancer_arn;
  std::string node;  // Its address.
  LogBucket bucket;
  friend bool operator==(const LogPlace&, const LogPlace&) = default;
};
std::string to_text(const LogPlace& place);
std::optional<LogPlace> log_place_of(std::string_view text);

// What is complete is called so; the rest are still written to.
inline constexpr std::string_view kCompleteLog = ".log";

// What an earlier life left unfinished is complete: before the first AccessLogFiles.
void complete_left_logs(const std::string& folder);

// Of one reactor, on its thread. What was added is in a file a second later; whatever kills the daemon in between
// loses no more than that.
class AccessLogFiles final {
 public:
  // Without a folder nothing is kept.
  AccessLogFiles(async::Reactor& reactor, std::string folder, size_t number);
  ~AccessLogFiles();
  AccessLogFiles(const AccessLogFiles&) = delete;
  AccessLogFiles& operator=(const AccessLogFiles&) = delete;

  void add(LogKind kind, const LoadBalancer& load_balancer, const std::string& node, std::string_view line);
  // Makes everything that was added a complete file.
  void complete();

 private:
  struct File {
    LogPlace place;
    std::string path;  // Without its ending.
    UniqueFd fd;
    std::string unwritten;
  };
  File& file_of(LogPlace place);
  void write_all();
  static void write(File& file);

  async::Reactor& reactor_;
  const std::string folder_;
  const size_t number_;
  uint64_t files_made_ = 0;
  std::vector<File> files_;  // Few: one for each node that has traffic.
  async::Timer timer_;
};

}  // namespace holm::balancer
