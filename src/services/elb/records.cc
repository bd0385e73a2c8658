// Rows hold documents, so that what a client said comes back as it was said.

#include "services/elb/records.h"

#include <fmt/format.h>

#include "aws/codec/json_codec.h"
#include "aws/service/call.h"
#include "base/check.h"
#include "elb/schema.h"
#include "services/elb/service.h"
#include "sql/database.h"

namespace holm::elb {

namespace {

template <class T>
T from_document(const std::string& document) {
  T value;
  CHECK(aws::read_kept_json(document, shape_of(value), &value).has_value());
  return value;
}

template <class T>
std::string to_document(const T& value) {
  return aws::write_kept_json(shape_of(value), &value);
}

Record record_of(const sql::Row& row) {
  return {.arn = row.text(0),
          .document = from_document<LoadBalancerDescription>(row.text(1)),
          .attributes = from_document<LoadBalancerAttributes>(row.text(2))};
}

}  // namespace

std::string arn_of(const Call& call, const std::string& name) {
  return aws::arn("elasticloadbalancing", call, "loadbalancer/" + name);
}

std::optional<Record> find_record(Call& call, const std::string& name) {
  return find_record_of_arn(call, arn_of(call, name));
}

std::optional<Record> find_record_of_arn(Call& call, const std::string& arn) {
  auto row =
      call.transaction.find("SELECT arn, document, attributes FROM elb_load_balancer WHERE arn = ?1", {arn});
  if (!row) return std::nullopt;
  return record_of(*row);
}

Record require_record(Call& call, const std::string& name) {
  if (auto found = find_record(call, name)) return std::move(*found);
  throw AccessPointNotFoundException(fmt::format("There is no ACTIVE Load Balancer named '{}'", name));
}

std::vector<Record> all_records(Call& call) {
  std::vector<Record> records;
  for (const sql::Row& row : call.transaction.run("SELECT arn, document, attributes FROM elb_load_balancer "
                                                  "WHERE account = ?1 AND region = ?2 ORDER BY name",
                                                  {call.account, call.region})) {
    records.push_back(record_of(row));
  }
  return records;
}

void insert_record(Call& call, const Record& record) {
  call.transaction.run(
      "INSERT INTO elb_load_balancer (arn, account, region, name, document, attributes, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {record.arn, call.account, call.region, record.name(), to_document(record.document),
       to_document(record.attributes), to_milliseconds(call.now)});
}

void replace_record(Service& service, Call& call, const Record& record) {
  call.transaction.run("UPDATE elb_load_balancer SET document = ?2, attributes = ?3 WHERE arn = ?1",
                       {record.arn, to_document(record.document), to_document(record.attributes)});
  service.changed(call.transaction);
}

void delete_record(Call& call, const std::string& arn) {
  call.transaction.run("DELETE FROM elb_load_balancer WHERE arn = ?1", {arn});
  call.transaction.run("DELETE FROM elb_policy WHERE load_balancer = ?1", {arn});
  call.transaction.run("DELETE FROM elb_tag WHERE load_balancer = ?1", {arn});
  call.transaction.run("DELETE FROM elb_interface WHERE load_balancer = ?1", {arn});
  call.transaction.run("DELETE FROM elb_instance WHERE load_balancer = ?1", {arn});
}

ListenerDescription* find_listener(LoadBalancerDescription& document, int32_t port) {
  for (ListenerDescription& each : document.listener_descriptions) {
    if (each.listener->load_balancer_port == port) return &each;
  }
  return nullptr;
}

void refuse(const std::string& message) { throw aws::ServiceError("ValidationError", 400, message); }

}  // namespace holm::elb
