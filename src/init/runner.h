// One start of one service, from its first command to its last process, in a process of its own. It adopts
// what its programs leave behind (a child subreaper), so that everything below it, and nothing else, is the
// service.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/unique_fd.h"
#include "init/restart.h"
#include "init/unit.h"

namespace holm::init {

// systemd's sub-states of a service.
enum class Phase : uint8_t {
  Dead,
  Condition,
  StartPre,
  Start,
  StartPost,
  Running,
  Exited,
  Reload,
  Stop,
  StopSignal,
  StopKill,
  StopPost,
  FinalSignal,
  FinalKill,
};
std::string_view phase_name(Phase phase);  // "start-pre", "stop-sigterm" …

// What a runner tells, one message each.
struct Report {
  enum class Kind : uint8_t {
    Phase,  // `phase` begins.
    Main,   // `process` is the main process now; 0: there is none.
    MainEnded,
    Control,  // `process` is a command besides the main one; 0: it has ended.
    ControlEnded,
    Started,   // The start has succeeded.
    Reloaded,  // With `outcome`.
    Status,    // A service's own words about itself, in `text`.
    Remark,    // For the unit's journal, in `text`.
    Ended,     // The last one, with the `outcome` of all.
  };
  Kind kind = Kind::Phase;
  Phase phase = Phase::Dead;
  Outcome outcome = Outcome::Success;
  ProcessEnd end;
  pid_t process = 0;
  char text[240] = {};
};

// What a runner is told.
enum class Order : uint8_t { Stop, Reload };

struct RunningUnit {
  pid_t process = 0;
  UniqueFd channel;  // Reports are read from it, orders written to it.
};

// Forks the runner. `journal` is where output goes; the caller keeps it.
std::optional<RunningUnit> start_runner(const Unit& unit, int journal);

std::optional<Report> receive_report(int channel);
bool send_order(int channel, Order order);

}  // namespace holm::init
