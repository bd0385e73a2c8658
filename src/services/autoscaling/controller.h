// Brings one group from the instances it has to those it should have.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/autoscaling/groups.h"
#include "services/autoscaling/processes.h"
#include "services/autoscaling/refreshes.h"
#include "services/autoscaling/termination_order.h"
#include "services/autoscaling/warm_pools.h"

namespace holm::autoscaling {

// One run of the job of a group. Every step is a transaction that begins by reading the group and holds the
// other services' writes too, so a kill between any two of them loses and doubles nothing. A job's thread.
class Controller final {
 public:
  Controller(Service& service, aws::Region& region, Clock& clock, int64_t group)
      : service_(service), region_(region), clock_(clock), id_(group) {}

  jobs::Outcome run();

 private:
  using Work = std::function<void(aws::Call&)>;
  // The words of the service that refused it; nothing of it is kept then.
  std::optional<std::string> step(const Work& work);
  void load(aws::Call& call);
  void read_surroundings();
  void read_status_checks();
  void read_failed_zones();
  Time next_look(const std::optional<int64_t>& deadline) const;
  std::optional<int64_t> next_deadline(aws::Call& call) const;

  // What has become of an instance.
  void observe(aws::Call& call, const std::string& id);
  void observe_ending(aws::Call& call, const InstanceRow& instance, const std::string& state);
  void observe_end(aws::Call& call, const InstanceRow& instance, const std::string& state,
                   const std::string& reason);
  void observe_health(aws::Call& call, const InstanceRow& instance);
  void replace(aws::Call& call, const InstanceRow& instance, const std::string& cause);

  // What is taken away although it runs.
  void replace_running(aws::Call& call, const InstanceRow& instance, const std::string& cause);
  void renew(aws::Call& call);
  bool is_expired(const InstanceRow& instance) const;
  int64_t maintenance_room() const;
  int64_t maintenance_surge() const;
  int64_t renewals_at_once() const;
  int64_t healthy_beside(const InstanceRow& instance) const;
  void admit(aws::Call& call, const InstanceRow& instance);
  bool passes_launch_hooks(aws::Call& call, const InstanceRow& instance, const std::string& cause);
  void put_in_service(aws::Call& call, const InstanceRow& instance);
  void drain(aws::Call& call, const InstanceRow& instance);
  bool finish_deletion();

  // The warm pool.
  void observe_warm(aws::Call& call, const InstanceRow& instance, const std::string& state);
  void prepare(aws::Call& call, const InstanceRow& instance);
  void rest_in_pool(aws::Call& call, const InstanceRow& instance, const std::string& state);
  bool take_from_pool(aws::Call& call, const std::string& cause);
  void return_to_pool(aws::Call& call, const InstanceRow& instance);
  bool may_return() const;
  int64_t in_pool() const;
  void fill_pool();
  void trim_pool(aws::Call& call);

  // Too few.
  void launch_missing();
  void balance_zones();
  void launch_for_balance(aws::Call& call, const std::string& subnet, const std::string& from);
  std::map<std::string, int> crowds() const;
  enum class Into { Group, Pool };
  void launch(aws::Call& call, const std::string& subnet, const std::string& cause, Into into = Into::Group);
  std::string cause_of_launch(const aws::Call& call, int64_t from) const;
  void count_replaced(aws::Call& call);
  void note_failed_launch(aws::Call& call, const std::string& problem);
  void put_off_launches(aws::Call& call, int free_failures);
  std::vector<std::string> places_by_load(const std::vector<InstanceRow>& of) const;
  std::vector<std::string> subnets_in_use() const;

  // Too many, or of the wrong kind.
  void shrink(aws::Call& call);
  void note_protection(aws::Call& call);
  void replace_outdated(aws::Call& call);
  void rest(aws::Call& call);

  // An instance refresh.
  struct Standing;
  Standing standing() const;
  int64_t warm_at(const InstanceRow& instance) const;
  int64_t refresh_limit() const;
  int64_t refresh_room() const;
  int64_t refresh_surge() const;
  void carry_on_refresh(aws::Call& call);
  bool pause_refresh(aws::Call& call);
  void replace_by_refresh(aws::Call& call, const Standing& at);
  void finish_refresh(aws::Call& call);
  void fail_refresh(aws::Call& call, const std::string& reason);
  void end_refresh(aws::Call& call, std::string_view status, const std::string& reason);

  bool is_outdated(const InstanceRow& instance) const;
  int64_t wanted() const;
  int64_t capacity() const;
  std::vector<InstanceRow> counted() const;
  bool is_settled() const;  // Nobody comes or goes.
  static bool counts(const InstanceRow& instance);
  std::vector<InstanceRow> in_state(const std::string& state) const;
  Staff staff() const;

  Service& service_;
  aws::Region& region_;
  Clock& clock_;
  int64_t id_;
  aws::Caller caller_;
  GroupRow group_;
  TemplateVersion template_;
  std::optional<std::string> template_problem_;
  std::map<std::string, std::string> zones_;  // Of the group's subnets.
  std::set<std::string, std::less<>> failed_zones_;
  std::set<std::string, std::less<>> impaired_;  // Instances, by EC2's status checks.
  std::vector<InstanceRow> instances_;
  std::optional<WarmPoolRow> pool_;
  std::vector<InstanceRow> warm_;  // The pool's instances, which are none of the group's.
  std::set<std::string, std::less<>> suspended_;  // Processes.
  std::optional<RefreshRow> refresh_;             // The one that is not over,
  std::set<std::string> to_replace_;              // and whom it has to replace, or had.
};

}  // namespace holm::autoscaling
