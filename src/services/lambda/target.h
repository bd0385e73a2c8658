// What is run when a version of a function is invoked, and one invocation of it: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace holm::lambda {

struct Target {
  std::string account;
  std::string region;
  std::string name;
  std::string version;
  std::string function_arn;  // Without a qualifier.
  std::string revision;      // Changes with the code or the configuration.
  std::string runtime;
  std::string handler;
  std::string role;
  std::string code_path;
  std::string log_group;
  std::map<std::string, std::string> environment;
  uint32_t memory_mib = 128;
  uint32_t ephemeral_mib = 512;  // Of /tmp.
  std::chrono::seconds timeout{3};
  std::optional<int64_t> reserved;  // Concurrency of the function.
  int64_t unreserved = 0;           // Concurrency of all functions that have none reserved.
};

struct InvocationResult {
  enum class Kind {
    Answered,    // By the function, or by its failing: `error` says which.
    Throttled,   // There was no room.
    NotStarted,  // No environment could be made; `payload` says why in words.
  };
  Kind kind = Kind::Answered;
  std::string payload;
  std::string error;     // X-Amz-Function-Error: "Unhandled", or empty.
  std::string log_tail;  // The last 4 KiB of the log; empty unless asked for.
  // How long the function's code ran, if it did.
  std::optional<std::chrono::duration<double, std::milli>> duration = {};
};

struct Invocation {
  std::string request_id;
  std::string payload;
  std::string invoked_arn;     // As the caller named the function.
  std::string client_context;  // JSON, or empty.
  enum class Tail { No, Yes } tail = Tail::No;
  // Called once, on the fleet's reactor.
  std::function<void(InvocationResult)> done;
};

}  // namespace holm::lambda
