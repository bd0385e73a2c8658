// The first process of an instance: starts the enabled units, keeps services alive, answers systemctl, and
// shuts down in order. One thread, one event loop; every service is watched by a runner process of its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "init/control_server.h"
#include "init/event_loop.h"
#include "init/journal.h"
#include "init/log_streams.h"
#include "init/plan.h"
#include "init/restart.h"
#include "init/runner.h"
#include "init/unit_store.h"

namespace holm::init {

enum class ActiveState { Inactive, Activating, Active, Reloading, Deactivating, Failed };

// How a job ended, in the words clients are told.
enum class JobResult { Done, Skipped, Failed, Timeout, Dependency, Canceled };

// Who waits for jobs: a client, or nobody.
struct Request {
  ControlServer::Client client = 0;
  std::set<std::string> goals;
  size_t open_jobs = 0;  // Of the goals.
  Fields reply;          // Triples of unit, result, explanation, after the "ok".
};

struct Job {
  JobKind kind = JobKind::Start;
  bool is_running = false;
  std::vector<std::shared_ptr<Request>> requests;
};

// A unit and what is going on with it.
struct UnitRecord {
  Unit unit;
  ActiveState active = ActiveState::Inactive;
  std::string sub = "dead";
  Outcome outcome = Outcome::Success;
  Calendar changed{};        // When `active` changed last.
  Calendar became_active{};  // 0: never.
  Calendar became_inactive{};
  Calendar read_at{};      // When its files were read.
  std::string skipped_by;  // The condition that kept the last start from being made.

  std::optional<RunningUnit> runner;
  EventLoop::Token token = 0;
  bool has_started = false;  // The runner's start has succeeded.
  pid_t main_process = 0;
  pid_t control_process = 0;
  pid_t last_main_process = 0;
  std::optional<ProcessEnd> last_main_end;
  Calendar main_started{};
  Calendar main_ended{};
  std::string status;
  unsigned restarts = 0;
  StartLimit starts;
  std::optional<Monotonic> restart_at;

  std::optional<Job> job;
  std::vector<std::shared_ptr<Request>> reloads;
};

enum class Power { Off, Reboot };

// What this program ends with when the instance is to boot again; the region knows it too.
constexpr int kRebootExitCode = 113;

class Manager final : public UnitSource {
 public:
  Manager(std::string root, int console);
  // Boots, serves and shuts down; the exit code of the process.
  int run();

  const Unit& unit(const std::string& name) override;
  bool is_active(const std::string& name) override;
  std::vector<std::string> active_units() override;

 private:
  // manager.cc: the process as a whole.
  bool set_up();
  void boot();
  void turn();
  void on_signals();
  void reap();
  Monotonic next_deadline() const;
  void begin_shutdown(Power power);
  void kill_everything();
  void say(const std::string& unit, const std::string& text, int priority = 6);
  void tell_remarks(const Unit& unit);
  UnitRecord& record(const std::string& name);
  UnitRecord* find_record(const std::string& name);
  void read_again(UnitRecord& record);
  void forget_unused();

  // manager_jobs.cc: what is to be done, in order.
  void add_jobs(const std::vector<PlannedJob>& jobs, const std::shared_ptr<Request>& request);
  void add_job(UnitRecord& record, JobKind kind, const std::shared_ptr<Request>& request);
  bool may_begin(UnitRecord& record);
  void begin_jobs();
  void begin_job(UnitRecord& record);
  void begin_start(UnitRecord& record);
  void begin_stop(UnitRecord& record);
  bool conditions_hold(UnitRecord& record);
  void finish_job(UnitRecord& record, JobResult result, const std::string& explanation = "");
  void settle(Request& request);
  void start_units(const std::vector<std::string>& names);

  // manager_services.cc: what runners tell.
  void start_service(UnitRecord& record);
  void on_runner(const std::string& name, uint32_t events);
  void take_report(UnitRecord& record, const Report& report);
  void take_phase(UnitRecord& record, Phase phase);
  void service_ended(UnitRecord& record, Outcome outcome, const ProcessEnd& end);
  void restart_later(UnitRecord& record);
  void restart_due();
  void set_state(UnitRecord& record, ActiveState active, const std::string& sub);
  void fail_dependents(const UnitRecord& record);

  // manager_requests.cc: what clients ask.
  void on_request(ControlServer::Client client, uid_t user, const Fields& request);
  void answer_units(ControlServer::Client client, const Fields& request);
  void request_jobs(ControlServer::Client client, const Fields& request);
  bool plan_request(const std::string& verb, const std::string& name,
                    const std::shared_ptr<Request>& request);
  void request_reload(UnitRecord& record, const std::shared_ptr<Request>& request);
  void reload_units();
  std::string state_of_system() const;
  void signal_units(ControlServer::Client client, const Fields& request);
  void schedule_shutdown(ControlServer::Client client, const Fields& request);

  UnitStore store_;
  EventLoop loop_;
  Journal journal_;
  LogStreams streams_;
  ControlServer control_;
  UniqueFd signals_;
  std::map<std::string, std::unique_ptr<UnitRecord>> units_;  // By their own names.
  std::map<std::string, std::string> aliases_;
  bool is_booting_ = true;
  std::optional<Power> power_;
  std::optional<std::pair<Monotonic, Power>> planned_power_;
};

// Properties of a unit as `systemctl show` has them, a line each.
std::string properties_of(const UnitRecord& record, const UnitStore& store);
std::string_view active_name(ActiveState state);
std::string_view result_name(JobResult result);

}  // namespace holm::init
