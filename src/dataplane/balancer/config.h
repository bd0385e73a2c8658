// What a balancer does: load balancers, their listeners and rules, and the target groups behind them.
// Plain values; a whole of them is one snapshot.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "async/reactor.h"
#include "net/address.h"
#include "net/socket.h"
#include "net/tls.h"

namespace holm::balancer {

// What the health checks say about a target.
enum class Health : uint8_t {
  Initial,  // No check has decided yet.
  Healthy,
  Unhealthy,
};

enum class Registration : uint8_t {
  Registered,
  Draining,  // Requests in progress are finished, new ones are not sent.
};

struct Target {
  std::string id;  // As registered: "i-0a…", an address or a function. With the port it is the target's identity.
  net::Address address;
  std::string zone;  // "us-east-1a"; empty: of all zones.
  Registration registration = Registration::Registered;
  // What was known when the balancer meets the target for the first time, after a restart for
  // instance; from then on the balancer knows better.
  Health known_health = Health::Initial;
};

struct StatusRange {
  int first = 200;
  int last = 200;
  friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

// How targets are spoken to. With TLS nobody looks at their certificates, as on AWS. Tcp and Tls: connections are
// carried, or made and no more (of health checks).
enum class TargetProtocol : uint8_t { Http, Https, Tcp, Tls };
inline bool has_tls(TargetProtocol protocol) {
  return protocol == TargetProtocol::Https || protocol == TargetProtocol::Tls;
}

// The version of HTTP that targets speak. Grpc: the second, and what asks and answers are calls.
enum class TargetVersion : uint8_t { Http1, Http2, Grpc };

enum class Checking : uint8_t { On, Off };

struct HealthCheck {
  Checking checking = Checking::On;
  TargetProtocol protocol = TargetProtocol::Http;
  TargetVersion version = TargetVersion::Http1;
  std::string path = "/";
  uint16_t port = 0;  // 0: the port that traffic goes to.
  async::Duration interval{30000};
  async::Duration timeout{5000};
  int healthy_threshold = 5;
  int first_threshold = 1;  // Likewise, of a target that no check has decided on yet.
  int unhealthy_threshold = 2;
  std::vector<StatusRange> matcher = {StatusRange()};  // Of calls: of their own statuses.
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

enum class Algorithm : uint8_t { RoundRobin, LeastOutstandingRequests, WeightedRandom };

// The names of cookies and when they are set. First: AWSELB, as long as the client has none.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-sticky-sessions.html
enum class CookieStyle : uint8_t { First, Second };

// Requests of one client stay with one target, by a cookie of ours.
struct Stickiness {
  std::string application_cookie;  // Begins with the target's own cookie of this name; empty: with any response.
  std::chrono::seconds duration{86400};  // 0: as long as the browser keeps it.
  CookieStyle style = CookieStyle::Second;
};

// Which connections of one client go to the same target; Turn: none, targets take turns.
enum class Affinity : uint8_t { Connection, Client, Turn };
// What a target is told of the client before the first byte.
enum class ProxyProtocol : uint8_t { None, V2, V1 };

// What becomes of connections that are carried when their target is of no use any more.
enum class Orphans : uint8_t { Leave, End };

// Who gets requests when too few targets are healthy.
enum class TooFewHealthy : uint8_t { AskAll, AskHealthy };

// Whether what functions are told of headers and query parameters, and answer, has room for several of one name.
enum class EventHeaders : uint8_t { Single, Multiple };

struct TargetGroup {
  std::string arn;
  // Set: the only target is a function, whose ARN is the target's id and which has no address.
  std::optional<EventHeaders> functions;
  // The group whose targets of the same id these are, at other ports: what is known of them is known of these, and
  // nothing else is checked. Empty: of none.
  std::string same_as;
  std::vector<Target> targets;
  HealthCheck health_check;
  TargetProtocol protocol = TargetProtocol::Http;
  TargetVersion version = TargetVersion::Http1;
  Algorithm algorithm = Algorithm::RoundRobin;
  std::optional<Stickiness> stickiness;
  // Of groups whose targets get connections instead of requests.
  Affinity affinity = Affinity::Connection;
  ProxyProtocol proxy_protocol = ProxyProtocol::None;
  Orphans orphans = Orphans::Leave;          // Of a target that is registered no more.
  Orphans of_unhealthy = Orphans::Leave;     // Of one that was well and fails its checks.
  // A target that became well gets its full share only after so long, if others are there to take the rest.
  async::Duration slow_start{0};
  TooFewHealthy too_few_healthy = TooFewHealthy::AskAll;
  // With fewer that are well, all get requests: a number, and a part of a hundred (0: none).
  size_t healthy_min = 1;
  size_t healthy_percent_min = 0;
};

// One condition of a rule; true when one of its patterns matches. `*` and `?` are wildcards.
// Or, of Path, Host and Header, when one of its regular expressions is found.
struct Condition {
  enum class Field : uint8_t { Path, Host, Header, QueryString, Method, SourceIp };
  Field field = Field::Path;
  std::string header;                 // The name, of Header.
  std::vector<std::string> patterns;  // Of SourceIp: CIDRs.
  std::vector<std::string> expressions = {};
  // Of QueryString: key (empty: any) and value.
  std::vector<std::pair<std::string, std::string>> query;
};

struct WeightedGroup {
  std::string arn;
  int weight = 1;
};

struct Forward {
  std::vector<WeightedGroup> groups;
  std::optional<std::chrono::seconds> sticks_for;  // A client stays with its group.
};

// The parts may contain #{protocol}, #{host}, #{port}, #{path} and #{query}.
struct Redirect {
  std::string protocol = "#{protocol}";
  std::string host = "#{host}";
  std::string port = "#{port}";
  std::string path = "/#{path}";
  std::string query = "#{query}";
  int status = 301;
};

struct FixedResponse {
  int status = 200;
  std::string content_type;
  std::string body;
};

using Action = std::variant<FixedResponse, Redirect, Forward>;

// What of a request is changed before it goes to a target: the first place where the expression is found.
struct Rewrite {
  std::string expression;
  std::string replacement;  // $1 to $9 stand for what its groups found.
};

struct Rule {
  int priority = 0;                   // 0: the default.
  std::vector<Condition> conditions;  // All must hold; the default rule has none.
  Action action;
  std::optional<Rewrite> host_rewrite = std::nullopt;
  std::optional<Rewrite> url_rewrite = std::nullopt;  // Of path and query: "/a?b=c".
};

// What targets are told of clients' certificates: all that a client sent, or what is known of a verified one.
enum class ClientCertificates : uint8_t { None, PassedOn, Verified };

// The headers that tell targets of TLS.
struct TlsHeaderNames {
  std::string serial_number = "X-Amzn-Mtls-Clientcert-Serial-Number";
  std::string issuer = "X-Amzn-Mtls-Clientcert-Issuer";
  std::string subject = "X-Amzn-Mtls-Clientcert-Subject";
  std::string validity = "X-Amzn-Mtls-Clientcert-Validity";
  std::string leaf = "X-Amzn-Mtls-Clientcert-Leaf";
  std::string chain = "X-Amzn-Mtls-Clientcert";
  std::string version = "X-Amzn-Tls-Version";
  std::string cipher = "X-Amzn-Tls-Cipher-Suite";
};

// Of an HTTPS listener.
struct ListenerTls {
  std::shared_ptr<const net::TlsPolicy> policy;
  std::vector<std::string> certificates;  // ARNs; the first is for names that none of them covers.
  ClientCertificates client_certificates = ClientCertificates::None;  // The policy asks for them.
  std::optional<TlsHeaderNames> header_names;  // Unless they are AWS's.
};

enum class ServerHeader : uint8_t { Add, Omit };

// What comes in at a listener: requests, by HTTP, or connections of TCP and datagrams of UDP, which are carried as
// they are.
enum class Carries : uint8_t { Requests, Connections, Datagrams, ConnectionsAndDatagrams };
inline bool carries_connections(Carries carries) {
  return carries == Carries::Connections || carries == Carries::ConnectionsAndDatagrams;
}
inline bool carries_datagrams(Carries carries) {
  return carries == Carries::Datagrams || carries == Carries::ConnectionsAndDatagrams;
}

struct Listener {
  std::string arn;
  uint16_t port = 80;
  Carries carries = Carries::Requests;
  async::Duration connection_idle{350000};  // How long a connection that is carried may be silent.
  std::optional<ListenerTls> tls;
  std::vector<Rule> rules;  // In the order of priority, the default last.
  // Set in every response, whatever the target says there.
  std::vector<std::pair<std::string, std::string>> response_headers;
  ServerHeader server_header = ServerHeader::Add;  // Of responses that are the balancer's own.
};

// What Host tells targets: the listener's port where that is neither 80 nor 443 and the client named none, and no
// port where it is; or what the client said.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
enum class HostHeader : uint8_t { WithPort, Preserve };
enum class ForwardedFor : uint8_t { Append, Preserve, Remove };
enum class ClientPort : uint8_t { Leave, Add };
enum class InvalidHeaders : uint8_t { Forward, Drop };
// What becomes of requests that are not all that RFC 7230 asks for.
enum class DesyncMitigation : uint8_t { Monitor, Defensive, Strictest };
enum class TlsHeaders : uint8_t { Leave, Add };  // X-Amzn-Tls-Version and -Cipher-Suite.
// Classic load balancers are the first: they trace no requests, and log in another form.
enum class Generation : uint8_t { First, Second };

// Whether the nodes of a load balancer send connections to targets of other zones than their own.
enum class CrossZone : uint8_t { On, Off };

// Where access logs go.
struct LogBucket {
  std::string name;
  std::string prefix;  // Before the names of the files; may be empty.
  std::chrono::minutes period{5};  // How often a file is put there.
  friend bool operator==(const LogBucket&, const LogBucket&) = default;
};

struct LoadBalancer {
  std::string arn;
  Generation generation = Generation::Second;
  // By which the edge finds it: "shop.elb.localhost", "*.example.com". Of two that claim a name, the first.
  std::vector<std::string> host_names;
  // Where it stands: listeners are opened on the addresses, connections to targets leave from the
  // first of them.
  std::string vpc_id;
  net::Namespace where;
  std::vector<std::string> addresses;  // Without a port.
  CrossZone cross_zone = CrossZone::On;
  std::map<std::string, std::string> zones;  // By address.
  std::vector<Listener> listeners;
  std::vector<std::string> checked_groups;  // Whose targets are checked though no rule forwards to them.
  // How long a client, a target, or both sides of a tunnel may be silent.
  async::Duration idle_timeout{60000};
  // A client's connection that is so old ends with the next response; none: at no age. Of connections that begin.
  std::optional<async::Duration> client_keep_alive;
  HostHeader host_header = HostHeader::WithPort;
  ForwardedFor forwarded_for = ForwardedFor::Append;
  ClientPort client_port = ClientPort::Leave;
  InvalidHeaders invalid_headers = InvalidHeaders::Forward;
  TlsHeaders tls_headers = TlsHeaders::Leave;
  DesyncMitigation desync_mitigation = DesyncMitigation::Defensive;
  std::optional<LogBucket> log_bucket;  // None: there are no access logs.
  std::optional<LogBucket> connection_log_bucket;  // Likewise.
};

struct Config {
  std::vector<LoadBalancer> load_balancers;
  std::map<std::string, TargetGroup, std::less<>> groups;  // By ARN.
};

}  // namespace holm::balancer
