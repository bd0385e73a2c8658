// Load balancers as rows: what clients are told of them is kept as documents.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "elb/handlers.h"

namespace holm::elb {

// A load balancer without its instances and policies, which have tables of their own.
struct Record {
  std::string arn;
  LoadBalancerDescription document;
  LoadBalancerAttributes attributes;

  const std::string& name() const { return *document.load_balancer_name; }
};

std::string arn_of(const Call& call, const std::string& name);
std::optional<Record> find_record(Call& call, const std::string& name);
std::optional<Record> find_record_of_arn(Call& call, const std::string& arn);
// By name; throws AWS's error when there is none.
Record require_record(Call& call, const std::string& name);
// All of the account and region, by name.
std::vector<Record> all_records(Call& call);
void insert_record(Call& call, const Record& record);
// Has what changed carried out, once it is committed.
void replace_record(Service& service, Call& call, const Record& record);
// With everything that belongs to it.
void delete_record(Call& call, const std::string& arn);

// Null when the load balancer does not listen there.
ListenerDescription* find_listener(LoadBalancerDescription& document, int32_t port);

[[noreturn]] void refuse(const std::string& message);  // ValidationError

}  // namespace holm::elb
