// How services end, and whether they are started again.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "init/unit.h"

namespace holm::init {

// systemd's words for the Result= of a service.
enum class Outcome {
  Success,
  Protocol,   // Did not do what its Type= says.
  Resources,  // Could not even be tried.
  Timeout,
  ExitCode,
  Signal,
  CoreDump,
  Watchdog,
  StartLimitHit,
  ConditionFailed,  // ExecCondition said no: not started, and no failure.
};
std::string_view outcome_name(Outcome outcome);

// How one process ended, as wait(2) has it.
struct ProcessEnd {
  bool is_signal = false;
  bool dumped_core = false;
  int number = 0;  // Exit code or signal.
};
ProcessEnd process_end(int wait_status);
// "code=exited, status=1/FAILURE", "code=killed, status=9/KILL".
std::string describe(const ProcessEnd& end);

// A long-running program may also end by the usual signals to do so; commands only by code 0.
enum class EndOf { Daemon, Command };
Outcome outcome_of(const ProcessEnd& end, EndOf kind, const ExitSet& success);

// By Restart= and its exceptions; not asked when somebody wanted the stop.
bool starts_again(const Service& service, Outcome outcome, const ProcessEnd& main_end);

// At most `burst` starts within `interval`.
class StartLimit final {
 public:
  using Time = std::chrono::microseconds;  // Of the monotonic clock.
  // False, and not counted, when this start is one too many. An interval or burst of 0 is no limit.
  bool allow(Time now, Duration interval, unsigned burst);
  void reset() { starts_.clear(); }

 private:
  std::vector<Time> starts_;
};

}  // namespace holm::init
