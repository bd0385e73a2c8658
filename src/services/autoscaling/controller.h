// Brings one group from the instances it has to those it should have.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

// One run of the job of a group. Every step is a transaction that holds the other services' writes
// too, so a kill between any two of them loses and doubles nothing. A job's thread.
class Controller final {
 public:
  Controller(Service& service, aws::Region& region, Clock& clock, int64_t group)
      : service_(service), region_(region), clock_(clock), id_(group) {}

  jobs::Outcome run();

 private:
  void observe(aws::Call& call, const InstanceRow& instance);
  void settle(aws::Call& call, const InstanceRow& instance, const std::string& state);
  void put_in_service(aws::Call& call, const InstanceRow& instance);
  void drain(aws::Call& call, const InstanceRow& instance);
  bool finish_deletion();
  void launch(aws::Call& call, const std::string& subnet, int64_t capacity);
  bool launch_missing();
  void shrink(aws::Call& call);
  void replace_outdated(aws::Call& call);
  bool is_outdated(const InstanceRow& instance) const;
  int64_t wanted() const;
  void reload();
  std::vector<std::string> places_by_load() const;
  std::vector<InstanceRow> in_state(const std::string& state) const;
  const InstanceRow& victim(const std::vector<InstanceRow>& candidates) const;

  Service& service_;
  aws::Region& region_;
  Clock& clock_;
  int64_t id_;
  aws::Caller caller_;
  GroupRow group_;
  TemplateVersion template_;
  std::vector<InstanceRow> instances_;
};

}  // namespace holm::autoscaling
