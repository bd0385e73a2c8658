// One stack: made or brought up to date, followed to the end of what it does.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "cli/up/api_client.h"
#include "cli/up/progress.h"

namespace holm::cli {

struct StackOutput {
  std::string key;
  std::string value;
  std::string description;
};

struct StackState {
  std::string id;
  std::string status;
  std::vector<StackOutput> outputs;
};

struct StackWish {
  std::string name;
  std::string template_body;  // Or, when it is too long to be sent along, where it lies.
  std::string template_url;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::string> capabilities;
};

// Called with what is new, in order; with nothing, too, while the stack works.
using Watcher = std::function<void(const std::vector<StackEvent>& news)>;

class StackClient final {
 public:
  StackClient(ApiClient& api, Random& random) : api_(api), random_(random) {}

  // Nothing when there is no such stack, or none any more.
  ApiResult<std::optional<StackState>> find(const std::string& name);
  // What the operation just begun is known by; nothing when the stack is already as wished.
  ApiResult<std::optional<std::string>> make(const StackWish& wish);
  ApiResult<std::optional<std::string>> update(const StackWish& wish);
  ApiResult<std::optional<std::string>> remove(const std::string& name);
  // By what an operation is known that somebody else began, the newest of the stack's.
  ApiResult<std::string> newest_operation(const std::string& id);
  // Waits for the operation's end; all its events.
  ApiResult<std::vector<StackEvent>> follow(const std::string& id, const std::string& operation,
                                            const Watcher& watch);

 private:
  ApiResult<std::optional<std::string>> begin(const std::string& action, const StackWish& wish);
  // Those of the operation that `known` does not hold, oldest first.
  ApiResult<std::vector<StackEvent>> news(const std::string& id, const std::string& operation,
                                          const std::vector<StackEvent>& known);

  ApiClient& api_;
  Random& random_;
};

}  // namespace holm::cli
