// Starting, stopping, rebooting and terminating instances, and changing them.

#include <fmt/format.h>

#include "base/strings.h"
#include "base/time_format.h"
#include "ec2/handlers.h"
#include "services/ec2/describe_instances.h"
#include "services/ec2/instance_types.h"
#include "services/ec2/service.h"
#include "services/ec2/spot_requests.h"
#include "services/ec2/volumes.h"
#include "services/ec2/zone_faults.h"

namespace holm::ec2 {

namespace {

void require_instances(Call& call, const std::vector<std::string>& ids) {
  if (ids.empty()) throw_missing("InstanceId");
  for (const std::string& id : ids) require_instance(call, id);
}

[[noreturn]] void throw_state(const InstanceRow& row, std::string_view needed) {
  throw aws::ServiceError(
      "IncorrectInstanceState", 400,
      fmt::format("The instance '{}' is not in a state from which it can be {}.", row.id, needed));
}

struct Wish {
  std::string wanted;  // running, stopped, terminated
  std::string state;   // Where the way there begins.
  std::string reason_code;
};

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
InstanceStateChange change(Service& service, Call& call, const InstanceRow& row, const Wish& wish) {
  InstanceStateChange result{.instance_id = row.id, .previous_state = instance_state_of(row.state)};
  const std::string transition =
      fmt::format("User initiated ({} GMT)", replace_all(iso8601(call.now).substr(0, 19), "T", " "));
  call.transaction.run(
      "UPDATE ec2_instance SET wanted = ?2, reason_code = ?3, reason = ?4, transition = ?5,"
      " launched = CASE WHEN ?2 = 'running' THEN ?6 ELSE launched END WHERE id = ?1",
      {row.id, wish.wanted, wish.reason_code.empty() ? sql::Value() : sql::Value(wish.reason_code),
       wish.reason_code.empty() ? sql::Value() : sql::Value(wish.reason_code + ": User initiated shutdown"),
       wish.wanted == "running" ? std::string() : transition, to_milliseconds(call.now)});
  service.instances().set_state(call.transaction, row, wish.state);
  service.instances().schedule(call.transaction, row.id);
  result.current_state = instance_state_of(wish.state);
  return result;
}

// What an instance let go of when it stopped, it gets anew, and another one.
void give_public_addresses(Service& service, Call& call, const InstanceRow& row) {
  for (const InterfaceRow& interface : interfaces_of_instance(call.transaction, row.id)) {
    if (interface.wants_public_address) give_own_address(service, call, interface.id);
  }
  service.network_changed(call, row.vpc);
}

InstanceStateChange unchanged(const InstanceRow& row) {
  return {.instance_id = row.id,
          .current_state = instance_state_of(row.state),
          .previous_state = instance_state_of(row.state)};
}

[[noreturn]] void throw_protected(const std::string& id, std::string_view what, std::string_view attribute) {
  throw aws::ServiceError(
      "OperationNotPermitted", 400,
      fmt::format("The instance '{}' may not be {}. Modify its '{}' instance attribute and "
                  "try again.",
                  id, what, attribute));
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StartInstances.html
StartInstancesResult start_instances(Service& service, Call& call, const StartInstancesRequest& request) {
  require_instances(call, request.instance_ids);
  end_dry_run(request.dry_run);
  StartInstancesResult result;
  for (const std::string& id : request.instance_ids) {
    const InstanceRow row = require_instance(call, id);
    if (row.state == "running" || row.state == "pending") {
      result.starting_instances.push_back(unchanged(row));
    } else if (row.state == "stopped") {
      require_capacity(call, row.type, row.zone);
      require_openable(call, volumes_of_instance(call.transaction, row.id));
      give_public_addresses(service, call, row);
      result.starting_instances.push_back(change(service, call, row, {"running", "pending", ""}));
    } else {
      throw_state(row, "started");
    }
  }
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html
StopInstancesResult stop_instances(Service& service, Call& call, const StopInstancesRequest& request) {
  require_instances(call, request.instance_ids);
  for (const std::string& id : request.instance_ids) {
    if (require_instance(call, id).protects_running) throw_protected(id, "stopped", "disableApiStop");
    if (spot_request_of(call.transaction, id)) {
      throw aws::ServiceError("UnsupportedOperation", 400,
                              fmt::format("You can't stop the Spot Instance '{}' because it is associated with a "
                                          "one-time Spot Instance request. You can only stop Spot Instances "
                                          "associated with persistent Spot Instance requests.",
                                          id));
    }
  }
  end_dry_run(request.dry_run);
  StopInstancesResult result;
  for (const std::string& id : request.instance_ids) {
    const InstanceRow row = require_instance(call, id);
    if (row.state == "stopped" || row.state == "stopping") {
      result.stopping_instances.push_back(unchanged(row));
    } else if (row.state == "running" || row.state == "pending") {
      result.stopping_instances.push_back(
          change(service, call, row, {"stopped", "stopping", "Client.UserInitiatedShutdown"}));
    } else {
      throw_state(row, "stopped");
    }
  }
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html
TerminateInstancesResult terminate_instances(Service& service, Call& call,
                                             const TerminateInstancesRequest& request) {
  require_instances(call, request.instance_ids);
  for (const std::string& id : request.instance_ids) {
    if (require_instance(call, id).protects_termination)
      throw_protected(id, "terminated", "disableApiTermination");
  }
  end_dry_run(request.dry_run);
  TerminateInstancesResult result;
  for (const std::string& id : request.instance_ids) {
    const InstanceRow row = require_instance(call, id);
    result.terminating_instances.push_back(
        row.wanted == "terminated"
            ? unchanged(row)
            : change(service, call, row, {"terminated", "shutting-down", "Client.UserInitiatedShutdown"}));
  }
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RebootInstances.html
aws::Nothing reboot_instances(Service& service, Call& call, const RebootInstancesRequest& request) {
  require_instances(call, request.instance_ids);
  end_dry_run(request.dry_run);
  for (const std::string& id : request.instance_ids) {
    const InstanceRow row = require_instance(call, id);
    if (row.state != "running") throw_state(row, "rebooted");
    service.instances().reboot(call.transaction, row);
  }
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceAttribute.html
InstanceAttribute describe_instance_attribute(Service&, Call& call,
                                              const DescribeInstanceAttributeRequest& request) {
  const InstanceRow row = require_instance(call, request.instance_id);
  end_dry_run(request.dry_run);
  InstanceAttribute result{.instance_id = row.id};
  const std::string& name = request.attribute;
  if (name == "instanceType") result.instance_type = AttributeValue{.value = row.type};
  else if (name == "userData") result.user_data = AttributeValue{.value = row.user_data};
  else if (name == "disableApiTermination") {
    result.disable_api_termination = AttributeBooleanValue{.value = row.protects_termination};
  } else if (name == "disableApiStop") {
    result.disable_api_stop = AttributeBooleanValue{.value = row.protects_running};
  } else if (name == "instanceInitiatedShutdownBehavior") {
    result.instance_initiated_shutdown_behavior = AttributeValue{.value = row.shutdown};
  } else if (name == "rootDeviceName") result.root_device_name = AttributeValue{.value = "/dev/xvda"};
  else if (name == "sourceDestCheck") result.source_dest_check = AttributeBooleanValue{.value = true};
  else if (name == "ebsOptimized")
    result.ebs_optimized = AttributeBooleanValue{.value = row.is_ebs_optimized};
  else if (name == "enaSupport") result.ena_support = AttributeBooleanValue{.value = true};
  else if (name == "groupSet") result.groups = describe_instance(call, row).security_groups;
  else throw aws::NotImplemented("DescribeInstanceAttribute: " + name);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
aws::Nothing modify_instance_attribute(Service& service, Call& call,
                                       const ModifyInstanceAttributeRequest& request) {
  const InstanceRow row = require_instance(call, request.instance_id);
  end_dry_run(request.dry_run);
  auto set = [&](std::string_view column, sql::Value value) {
    call.transaction.run(fmt::format("UPDATE ec2_instance SET {} = ?2 WHERE id = ?1", column),
                         {row.id, std::move(value)});
  };
  auto require_stopped = [&] {
    if (row.state != "stopped") throw_state(row, "modified");
  };
  if (request.disable_api_termination) {
    set("protects_termination", int64_t{request.disable_api_termination->value.value_or(false)});
  }
  if (request.disable_api_stop)
    set("protects_running", int64_t{request.disable_api_stop->value.value_or(false)});
  if (request.ebs_optimized) {
    require_stopped();
    set("ebs_optimized", int64_t{request.ebs_optimized->value.value_or(false)});
  }
  if (request.instance_initiated_shutdown_behavior) {
    set("shutdown", request.instance_initiated_shutdown_behavior->value.value_or("stop"));
  }
  if (request.instance_type) {
    require_stopped();
    const std::string type = request.instance_type->value.value_or("");
    if (!find_instance_type(type)) throw_invalid(fmt::format("Invalid value '{}' for InstanceType.", type));
    set("type", type);
  }
  if (request.user_data) {
    require_stopped();
    set("user_data", base64_encode(request.user_data->value.value_or("")));
  }
  if (!request.groups.empty()) {
    for (const InterfaceRow& interface : interfaces_of_instance(call.transaction, row.id)) {
      modify_network_interface_attribute(service, call,
                                         {.network_interface_id = interface.id, .groups = request.groups});
    }
  }
  return {};
}

}  // namespace holm::ec2
