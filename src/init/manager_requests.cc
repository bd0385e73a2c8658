// What clients ask: the verbs of systemctl that need the first process.

#include <algorithm>
#include <csignal>

#include "base/strings.h"
#include "init/manager.h"
#include "init/processes.h"
#include "init/unit_name.h"

namespace holm::init {

namespace {

constexpr size_t kUnitsMax = 4096;
constexpr Duration kMinute{60'000'000};

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

bool is_off(const UnitRecord& record) {
  return record.active == ActiveState::Inactive || record.active == ActiveState::Failed;
}

void refuse(Request& request, const std::string& unit, std::string_view result,
            const std::string& explanation) {
  request.reply.insert(request.reply.end(), {unit, std::string(result), explanation});
}

// Before a plan, whose sentence about a unit that cannot be started is for people, the word for programs.
std::string_view refusal_of(const Unit& unit) {
  if (unit.load_state == LoadState::NotFound) return "not-found";
  if (unit.load_state == LoadState::Masked) return "masked";
  return unit.load_state == LoadState::BadSetting ? "bad-setting" : "refused";
}

}  // namespace

void Manager::on_request(ControlServer::Client client, uid_t user, const Fields& request) {
  const std::string verb = request.empty() ? "" : request.front();
  if (units_.size() > kUnitsMax) return control_.reply(client, {"error", "too many units"});
  if (verb == "show" || verb == "list") return answer_units(client, request);
  if (verb == "system-state") return control_.reply(client, {"ok", state_of_system()});
  if (user != 0) return control_.reply(client, {"error", "Access denied"});
  if (verb == "daemon-reload") {
    reload_units();
    return control_.reply(client, {"ok"});
  }
  if (verb == "reset-failed") {
    for (auto& [name, each] : units_) {
      const bool is_meant = request.size() == 1 || std::ranges::find(request, name) != request.end();
      if (!is_meant) continue;
      each->starts.reset();
      each->restarts = 0;
      if (each->active == ActiveState::Failed) set_state(*each, ActiveState::Inactive, "dead");
    }
    return control_.reply(client, {"ok"});
  }
  if (verb == "kill") return signal_units(client, request);
  if (verb == "shutdown") return schedule_shutdown(client, request);
  const bool is_job = is_one_of(verb, {"start", "stop", "restart", "try-restart", "reload",
                                       "reload-or-restart", "try-reload-or-restart"});
  if (is_job && request.size() > 2) return request_jobs(client, request);
  control_.reply(client, {"error", "holm's init does not know how to " + verb});
}

// show NAME…: one text a name. list: one for each unit that is known.
void Manager::answer_units(ControlServer::Client client, const Fields& request) {
  Fields reply{"ok"};
  if (request.front() == "list") {
    for (const auto& [name, each] : units_) reply.push_back(properties_of(*each, store_));
  }
  for (size_t i = 1; i < request.size(); ++i) {
    if (!is_unit_name(request[i]))
      return control_.reply(client, {"error", "not a unit's name: " + request[i]});
    reply.push_back(properties_of(record(request[i]), store_));
  }
  control_.reply(client, reply);
}

// VERB wait|no-block NAME…
void Manager::request_jobs(ControlServer::Client client, const Fields& fields) {
  auto request = std::make_shared<Request>();
  request->reply = {"ok"};
  request->open_jobs = 1;  // Until all are planned.
  const bool waits = fields[1] == "wait";
  if (waits) request->client = client;
  for (size_t i = 2; i < fields.size(); ++i) {
    if (!is_unit_name(fields[i])) refuse(*request, fields[i], "not-found", "Invalid unit name: " + fields[i]);
    else plan_request(fields[0], fields[i], request);
  }
  --request->open_jobs;
  if (waits) return settle(*request);
  control_.reply(client, request->reply);
}

bool Manager::plan_request(const std::string& verb, const std::string& name,
                           const std::shared_ptr<Request>& request) {
  UnitRecord& each = record(name);
  // Files of what does not run are read when it is started.
  if (is_off(each) && !each.job && !each.runner) read_again(each);
  const Unit& unit = each.unit;
  request->goals.insert(unit.name);
  if (power_ && verb != "stop") {
    refuse(*request, unit.name, "refused", "the instance is shutting down");
    return false;
  }
  const bool is_known = unit.load_state == LoadState::Loaded || !is_off(each);
  if (!is_known && verb != "stop") {
    refuse(*request, unit.name, refusal_of(unit), unit.load_error);
    return false;
  }
  if (!is_known && unit.load_state == LoadState::NotFound) {
    refuse(*request, unit.name, "not-loaded", unit.load_error);
    return false;
  }
  const bool tries = verb.starts_with("try-");
  if (tries && is_off(each)) return true;
  const bool reloads =
      verb == "reload" || (verb.find("reload") != std::string::npos && !unit.service.reload.empty());
  if (reloads && !(is_off(each) && verb == "reload-or-restart")) {
    request_reload(each, request);
    return true;
  }
  if (verb == "stop") {
    add_jobs(plan_stop(*this, {unit.name}).jobs, request);
    return true;
  }
  each.restarts = 0;
  auto plan = verb == "start" ? plan_start(*this, {unit.name}) : plan_restart(*this, {unit.name});
  if (!plan) {
    refuse(*request, unit.name, "refused", plan.error().message);
    return false;
  }
  for (const std::string& note : plan->notes) say(kInitUnit, note, 4);
  add_jobs(plan->jobs, request);
  return true;
}

void Manager::request_reload(UnitRecord& record, const std::shared_ptr<Request>& request) {
  const std::string& name = record.unit.name;
  if (record.active != ActiveState::Active || !record.runner) {
    return refuse(*request, name, "refused", "Unit " + name + " cannot be reloaded because it is inactive.");
  }
  if (record.unit.service.reload.empty()) {
    return refuse(*request, name, "no-reload", "Job type reload is not applicable for unit " + name + ".");
  }
  record.reloads.push_back(request);
  ++request->open_jobs;
  send_order(record.runner->channel.get(), Order::Reload);
}

// What runs goes on as it was started; its settings count from the next start on.
void Manager::reload_units() {
  for (auto& [name, each] : units_) read_again(*each);
}

// https://www.freedesktop.org/software/systemd/man/latest/systemctl.html#is-system-running
std::string Manager::state_of_system() const {
  if (power_) return "stopping";
  if (is_booting_) return "starting";
  const bool has_failed = std::ranges::any_of(
      units_, [](const auto& each) { return each.second->active == ActiveState::Failed; });
  return has_failed ? "degraded" : "running";
}

// kill SIGNAL all|main|control NAME…
void Manager::signal_units(ControlServer::Client client, const Fields& request) {
  const int number = request.size() > 3 ? parse_signal(request[1]) : 0;
  if (number == 0) return control_.reply(client, {"error", "not a signal"});
  for (size_t i = 3; i < request.size(); ++i) {
    const UnitRecord* known = find_record(request[i]);
    if (known == nullptr || !known->runner) {
      return control_.reply(client, {"error", "Unit " + request[i] + " is not running."});
    }
    std::vector<pid_t> processes;
    if (request[2] == "main") processes = {known->main_process};
    else if (request[2] == "control") processes = {known->control_process};
    else processes = descendants_of(known->runner->process);
    for (const pid_t process : processes) {
      if (process > 1) kill(process, number);
    }
  }
  control_.reply(client, {"ok"});
}

// shutdown off|reboot|cancel MINUTES
void Manager::schedule_shutdown(ControlServer::Client client, const Fields& request) {
  const std::string what = request.size() > 1 ? request[1] : "";
  const auto minutes = request.size() > 2 ? parse_integer(request[2]) : std::nullopt;
  if (what == "cancel") {
    if (!power_) planned_power_.reset();
    return control_.reply(client, {"ok"});
  }
  if (!is_one_of(what, {"off", "reboot"}) || !minutes || *minutes < 0 || *minutes > 1'000'000) {
    return control_.reply(client, {"error", "not a time to shut down at"});
  }
  const Power power = what == "off" ? Power::Off : Power::Reboot;
  control_.reply(client, {"ok"});
  if (power_) return;
  if (*minutes == 0) return begin_shutdown(power);
  planned_power_ = {monotonic_now() + *minutes * kMinute, power};
  say(kInitUnit, std::string(power == Power::Off ? "Power-off" : "Reboot") + " in " +
                     std::to_string(*minutes) + " min.");
}

}  // namespace holm::init
