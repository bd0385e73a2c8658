// Rules: which action a request gets, and where a redirect leads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/balancer/config.h"
#include "dataplane/balancer/expression.h"
#include "http/message.h"

namespace holm::balancer {

// The rules of one listener, made ready to be searched. Borrows them. Immutable; any thread.
class RuleTable final {
 public:
  explicit RuleTable(const std::vector<Rule>& rules);

  struct Found {
    const Rule* rule = nullptr;  // The first that matches; null when there is not even a default.
    size_t evaluated = 0;        // Rules but the default that were looked at.
  };
  Found find(const http::Request& request) const;

  // What becomes of a request by the transforms of one of the rules.
  struct Rewritten {
    std::string host;    // Empty: as it came, as the next.
    std::string target;  // "/a?b=c"
    // AWS's word for it: "TransformSuccess"; empty: nothing is changed. Others: the request
    // goes nowhere.
    std::string_view status;
  };
  static constexpr std::string_view kTransformed = "TransformSuccess";
  Rewritten rewrite(const Rule& rule, const http::Request& request) const;

 private:
  // The first bytes that a path must have; those that the mask leaves out may be any.
  struct PathStart {
    uint64_t value = 0;
    uint64_t mask = 0;
  };
  // In lower case, where case does not matter, and with its expressions compiled.
  struct ReadyCondition {
    Condition condition;
    std::vector<Expression> expressions;
  };
  // The transforms of a rule, compiled.
  struct ReadyRewrites {
    std::optional<Expression> host, url;
  };
  static PathStart start_of(const Rule& rule);
  static ReadyCondition ready(const Condition& condition);
  static bool is_met(const ReadyCondition& condition, const http::Request& request);

  const std::vector<Rule>& rules_;
  std::vector<PathStart> starts_;
  std::vector<std::vector<ReadyCondition>> conditions_;
  std::map<int, ReadyRewrites> rewrites_;  // By priority.
};

// Where the client came in, as it sees it.
struct VisiblePort {
  uint16_t port = 80;
  // What stands for 443 in the addresses of this load balancer; other than 443 at an edge that has another port.
  uint16_t secure = 443;
};

// The Location of a redirect.
std::string location(const Redirect& redirect, const http::Request& request, VisiblePort visible);

}  // namespace holm::balancer
