// What has to be started and stopped for a wish, and in which order. Pure: it asks a UnitSource and changes
// nothing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "init/unit.h"

namespace holm::init {

// The units there are, as the manager knows them.
class UnitSource {
 public:
  virtual ~UnitSource() = default;
  // Loads it at first use; borrowed for the source's life.
  virtual const Unit& unit(const std::string& name) = 0;
  // Started, or being started.
  virtual bool is_active(const std::string& name) = 0;
  // Own names of the units that are active or have something to do.
  virtual std::vector<std::string> active_units() = 0;
};

// A restart stops first and is then a start.
enum class JobKind { Start, Stop, Restart };

struct PlannedJob {
  std::string unit;  // Its own name, not an alias.
  JobKind kind = JobKind::Start;
};

struct Plan {
  std::vector<PlannedJob> jobs;
  std::vector<std::string> notes;  // What was left out and why, one sentence each.
};

// The goals with all they require and want, without what is active already, and stops of what conflicts.
// Fails when a goal, or what one requires, cannot be started; what is only wanted is left out with a note.
Result<Plan> plan_start(UnitSource& source, const std::vector<std::string>& goals);
// The goals and what cannot run without them.
Plan plan_stop(UnitSource& source, const std::vector<std::string>& goals);
// The goals, stopped and started, and with them what is active and bound to them.
Result<Plan> plan_restart(UnitSource& source, const std::vector<std::string>& goals);

// Whether `first` is ordered before `second` in a start: After=, Before=, and targets after what they want.
bool is_before(const Unit& first, const Unit& second);
// Whether a job has to wait for the other one to end. A restart that has not stopped yet counts as a stop.
bool waits_for(const Unit& mine, JobKind kind, const Unit& other, JobKind other_kind);

}  // namespace holm::init
