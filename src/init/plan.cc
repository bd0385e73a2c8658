// Closures over dependencies, and cycles in orders.

#include "init/plan.h"

#include <algorithm>
#include <map>
#include <set>

namespace holm::init {

namespace {

constexpr size_t kJobsMax = 4096;

bool names_any(const std::vector<std::string>& list, const Unit& unit) {
  return std::ranges::any_of(
      list, [&](const std::string& each) { return std::ranges::find(unit.names, each) != unit.names.end(); });
}

bool is_bound_to(const Unit& unit, const Unit& other) {
  return names_any(unit.requires_units, other) || names_any(unit.binds_to, other) ||
         names_any(unit.requisite, other) || names_any(unit.part_of, other);
}

class StartPlanner {
 public:
  explicit StartPlanner(UnitSource& source) : source_(source) {}

  Result<Plan> plan(const std::vector<std::string>& goals) {
    for (const std::string& goal : goals) {
      goals_.insert(source_.unit(goal).name);
      if (auto added = add(goal); !added) return std::unexpected(added.error());
    }
    if (auto broken = break_cycles(); !broken) return std::unexpected(broken.error());
    return std::move(plan_);
  }

 private:
  Result<void> add(const std::string& name) {
    const Unit& unit = source_.unit(name);
    if (visited_.contains(unit.name)) return {};
    if (unit.load_state != LoadState::Loaded) return failure(reason_against(unit));
    if (plan_.jobs.size() >= kJobsMax) return failure("more than 4096 units at once");
    visited_.insert(unit.name);
    if (source_.is_active(unit.name)) return {};
    const size_t before = plan_.jobs.size();
    if (auto added = add_required(unit); !added) {
      // Nothing is started for a unit that is not.
      plan_.jobs.resize(before);
      visited_.erase(unit.name);
      return added;
    }
    plan_.jobs.push_back({unit.name, JobKind::Start});
    for (const std::string& wanted : unit.wants) {
      const Unit& other = source_.unit(wanted);
      if (other.load_state == LoadState::NotFound) {
        note(unit.name + " wants " + wanted + ", which is not there");
      } else if (auto added = add(wanted); !added) {
        note(wanted + " is not started: " + added.error().message);
      }
    }
    for (const std::string& enemy : unit.conflicts) {
      const std::string& own_name = source_.unit(enemy).name;
      if (own_name == unit.name || !source_.is_active(own_name)) continue;
      for (PlannedJob& job : plan_stop(source_, {own_name}).jobs) {
        if (job.unit != unit.name && !is_planned(job.unit)) plan_.jobs.push_back(std::move(job));
      }
    }
    return {};
  }

  Result<void> add_required(const Unit& unit) {
    for (const auto* list : {&unit.requires_units, &unit.binds_to}) {
      for (const std::string& name : *list) {
        if (auto added = add(name); !added) return added;
      }
    }
    for (const std::string& name : unit.requisite) {
      if (!source_.is_active(source_.unit(name).name) && !visited_.contains(source_.unit(name).name)) {
        return failure("it needs " + name + ", which does not run");
      }
    }
    return {};
  }

  static std::string reason_against(const Unit& unit) {
    if (unit.load_state == LoadState::NotFound) return "Unit " + unit.name + " not found.";
    if (unit.load_state == LoadState::Masked) return "Unit " + unit.name + " is masked.";
    return "Unit " + unit.name + " has a bad unit file setting: " + unit.load_error + ".";
  }

  void note(std::string sentence) { plan_.notes.push_back(std::move(sentence)); }

  bool is_planned(const std::string& name) const {
    return std::ranges::find(plan_.jobs, name, &PlannedJob::unit) != plan_.jobs.end();
  }

  // A job on the way in the search for a cycle, then known to be in none.
  enum class Mark { New, OnWay, Clear };

  // Each before the next one, the last before the first; empty when there is no cycle from here.
  std::vector<std::string> find_cycle(const std::string& name, std::map<std::string, Mark>& marks,
                                      std::vector<std::string>& way) {
    marks[name] = Mark::OnWay;
    way.push_back(name);
    for (const PlannedJob& job : plan_.jobs) {
      if (job.kind == JobKind::Stop || job.unit == name) continue;
      if (!is_before(source_.unit(name), source_.unit(job.unit))) continue;
      const Mark mark = marks[job.unit];
      if (mark == Mark::OnWay) return {std::ranges::find(way, job.unit), way.end()};
      if (mark == Mark::Clear) continue;
      if (auto cycle = find_cycle(job.unit, marks, way); !cycle.empty()) return cycle;
    }
    way.pop_back();
    marks[name] = Mark::Clear;
    return {};
  }

  // Leaves out what is only wanted, as systemd does, so that a boot goes on.
  Result<void> break_cycles() {
    std::map<std::string, Mark> marks;
    for (size_t i = 0; i < plan_.jobs.size();) {
      std::vector<std::string> way;
      const PlannedJob& job = plan_.jobs[i++];
      if (job.kind == JobKind::Stop || marks[job.unit] == Mark::Clear) continue;
      const std::vector<std::string> cycle = find_cycle(job.unit, marks, way);
      if (cycle.empty()) continue;
      auto victim = std::ranges::find_if(cycle, [&](const std::string& each) {
        return source_.unit(each).kind() != "target" && !is_required(each);
      });
      if (victim == cycle.end()) return failure("Transaction order is cyclic: " + shown(cycle) + ".");
      note("the order is cyclic: " + shown(cycle) + "; " + *victim + " is left out");
      const std::string name = *victim;
      leave_out(name);
      marks.clear();
      i = 0;
    }
    return {};
  }

  // A goal, or what one requires directly or by others.
  bool is_required(const std::string& name) {
    std::set<std::string> seen;
    std::vector<std::string> open(goals_.begin(), goals_.end());
    while (!open.empty()) {
      const Unit& unit = source_.unit(open.back());
      open.pop_back();
      if (!seen.insert(unit.name).second) continue;
      if (unit.name == name) return true;
      for (const auto* list : {&unit.requires_units, &unit.binds_to, &unit.requisite}) {
        open.insert(open.end(), list->begin(), list->end());
      }
    }
    return false;
  }

  void leave_out(const std::string& name) {
    std::erase_if(plan_.jobs, [&](const PlannedJob& job) { return job.unit == name; });
    const Unit& gone = source_.unit(name);
    for (bool changed = true; changed;) {
      changed = false;
      for (const PlannedJob& job : plan_.jobs) {
        const Unit& unit = source_.unit(job.unit);
        if (!names_any(unit.requires_units, gone) && !names_any(unit.binds_to, gone)) continue;
        leave_out(std::string(job.unit));
        changed = true;
        break;
      }
    }
  }

  static std::string shown(const std::vector<std::string>& cycle) {
    std::string text;
    for (const std::string& each : cycle) text += each + " before ";
    return text + cycle.front();
  }

  UnitSource& source_;
  std::set<std::string> goals_;
  std::set<std::string> visited_;
  Plan plan_;
};

// Active units bound to one of `names`, and those bound to them.
std::vector<std::string> bound_units(UnitSource& source, const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const std::string& name : names) result.push_back(source.unit(name).name);
  const size_t own = result.size();
  for (size_t i = 0; i < result.size(); ++i) {
    const Unit& unit = source.unit(result[i]);
    for (const std::string& other : source.active_units()) {
      if (std::ranges::find(result, other) != result.end()) continue;
      if (is_bound_to(source.unit(other), unit)) result.push_back(other);
    }
  }
  result.erase(result.begin(), result.begin() + static_cast<ptrdiff_t>(own));
  return result;
}

}  // namespace

Result<Plan> plan_start(UnitSource& source, const std::vector<std::string>& goals) {
  return StartPlanner(source).plan(goals);
}

Plan plan_stop(UnitSource& source, const std::vector<std::string>& goals) {
  Plan plan;
  for (const std::string& goal : goals) plan.jobs.push_back({source.unit(goal).name, JobKind::Stop});
  for (std::string& name : bound_units(source, goals)) plan.jobs.push_back({std::move(name), JobKind::Stop});
  return plan;
}

Result<Plan> plan_restart(UnitSource& source, const std::vector<std::string>& goals) {
  Plan plan;
  // What the goals need may not run.
  auto needed = plan_start(source, goals);
  if (!needed) return needed;
  plan.notes = std::move(needed->notes);
  for (PlannedJob& job : needed->jobs) plan.jobs.push_back(std::move(job));
  auto restart = [&plan](const std::string& name) {
    std::erase_if(plan.jobs, [&](const PlannedJob& job) { return job.unit == name; });
    plan.jobs.push_back({name, JobKind::Restart});
  };
  for (const std::string& goal : goals) {
    const Unit& unit = source.unit(goal);
    if (unit.load_state != LoadState::Loaded)
      return failure("Unit " + unit.name + " cannot be started: " + unit.load_error);
    restart(unit.name);
  }
  for (const std::string& name : bound_units(source, goals)) restart(name);
  return plan;
}

bool is_before(const Unit& first, const Unit& second) {
  if (names_any(second.after, first) || names_any(first.before, second)) return true;
  if (second.kind() != "target" || !second.has_default_dependencies || !first.has_default_dependencies)
    return false;
  if (names_any(first.after, second) || names_any(second.before, first)) return false;
  return names_any(second.wants, first) || names_any(second.requires_units, first);
}

bool waits_for(const Unit& mine, JobKind kind, const Unit& other, JobKind other_kind) {
  const bool stops = kind != JobKind::Start;
  const bool other_stops = other_kind != JobKind::Start;
  if (!stops && !other_stops) return is_before(other, mine);
  if (stops && other_stops) return is_before(mine, other);
  // One ends and one begins: the end comes first, whichever way they are ordered.
  return other_stops && (is_before(mine, other) || is_before(other, mine));
}

}  // namespace holm::init
