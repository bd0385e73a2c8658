// What a handler may know about the request besides its input.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "base/clock.h"
#include "sql/database.h"

namespace holm::async {
class Reactor;
}

namespace holm::aws {

class Region;

// Who asks. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
struct Principal {
  enum class Kind { Anonymous, Root, User, AssumedRole, Service };
  Kind kind = Kind::Anonymous;
  std::string account;  // 12 digits; of a service: the account it acts for.
  std::string arn;      // arn:aws:iam::1:user/x, arn:aws:sts::1:assumed-role/r/session; empty if anonymous.
  std::string id;       // AIDA…, AROA…:session, the account of the root user, the name of a service.
  std::string access_key_id;   // Empty unless signed with one.
  std::string role_arn;        // Of an assumed role: arn:aws:iam::1:role/path/r.
  std::string session_policy;  // JSON that narrows an assumed role's rights; empty: none.
};

// A holm service acting for itself in `account`, as AWS's services do through service-linked roles.
// `name` is like "autoscaling.amazonaws.com".
Principal service_principal(std::string name, std::string account);

// Who calls, for whom, when: plain values.
struct Caller {
  std::string account;  // 12 digits: whose resources.
  std::string region;   // us-east-1
  std::string request_id;
  Time now{};
  Principal principal;
  std::string via_service;  // "s3.eu-west-1.amazonaws.com": a service that acts for the principal; else empty.
  std::string source_ip;  // Empty for calls from inside.
  std::string referer;    // The client's own word, as the next one.
  std::string user_agent;
  std::string host;       // The Host header, for answers that contain the endpoint; may be empty.
  enum class Transport { Plain, Tls } transport = Transport::Plain;
  enum class Carrier { Request, Form } carrier = Carrier::Request;  // A form that a browser sent to S3.
};

// One request to a synchronous handler. Lives as long as the handler runs; one thread.
struct Call : Caller {
  sql::Transaction& transaction;  // Committed when the handler returns, rolled back when it throws.
  Region& client;                 // Other services' operations; they join `transaction`.
  std::set<size_t> denied = {};   // By their places in what access() gave: those with OnDenial::Tell.

  // Runs `effect` once the transaction is durable, so that nobody sees a write that may yet be lost.
  void after_commit(std::function<void()> effect) { transaction.after_commit(std::move(effect)); }
};

// One request to a handler that waits or streams (`waits` in operations.list). Taken by value; no transaction
// is open: the handler opens short ones by `client.transact_on_worker(call.reactor, …)`.
struct LongCall : Caller {
  Region& client;
  async::Reactor& reactor;  // Where the handler runs: it must not block there.
};

// arn:aws:<service>:<region>:<account>:<resource>
std::string arn(std::string_view service, const Caller& caller, std::string_view resource);

}  // namespace holm::aws
