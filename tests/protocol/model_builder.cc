// Shape tables and operations made at run time from the models that stand in the vectors.

#include "protocol/model_builder.h"

#include <stdexcept>

#include "protocol/dynamic_value.h"

namespace holm::test {

namespace {

using aws::Kind;
using aws::Location;
using aws::Member;
using aws::Shape;
using aws::TimestampFormat;
using formats::Object;
using formats::Value;

std::string_view text(const Value& object, std::string_view name, std::string_view otherwise = {}) {
  const Value* value = object.find(name);
  const std::string* found = value ? value->as_string() : nullptr;
  return found ? std::string_view(*found) : otherwise;
}

bool flag(const Value& object, std::string_view name) {
  const Value* value = object.find(name);
  const bool* found = value ? value->as_boolean() : nullptr;
  return found && *found;
}

Kind kind_of(const Value& shape) {
  static const std::map<std::string_view, Kind> kKinds = {
      {"boolean", Kind::Boolean}, {"byte", Kind::Integer},        {"short", Kind::Integer},
      {"integer", Kind::Integer}, {"long", Kind::Long},           {"float", Kind::Float},
      {"double", Kind::Double},   {"string", Kind::String},       {"character", Kind::String},
      {"blob", Kind::Blob},       {"timestamp", Kind::Timestamp}, {"list", Kind::List},
      {"map", Kind::Map},         {"structure", Kind::Structure}};
  if (flag(shape, "document")) return Kind::Document;
  if (flag(shape, "streaming")) return Kind::Stream;
  return kKinds.at(text(shape, "type"));
}

TimestampFormat timestamp_of(const Value& source) {
  std::string_view format = text(source, "timestampFormat");
  if (format == "iso8601") return TimestampFormat::Iso8601;
  if (format == "rfc822") return TimestampFormat::Rfc822;
  if (format == "unixTimestamp") return TimestampFormat::UnixSeconds;
  return TimestampFormat::Default;
}

Location location_of(const Value& reference) {
  std::string_view location = text(reference, "location");
  if (location == "uri") return Location::Uri;
  if (location == "querystring") return Location::QueryString;
  if (location == "header") return Location::Header;
  if (location == "headers") return Location::Headers;
  if (location == "statusCode") return Location::StatusCode;
  return Location::Body;
}

std::string capitalised(std::string_view name) {
  std::string result(name);
  if (!result.empty() && result[0] >= 'a' && result[0] <= 'z')
    result[0] = char(result[0] - 'a' + 'A');
  return result;
}

// A namespace is a text, or an object with a prefix.
void read_namespace(const Value& source, std::string_view& uri, std::string_view& prefix) {
  const Value* given = source.find("xmlNamespace");
  if (!given) return;
  if (const std::string* only_uri = given->as_string()) {
    uri = *only_uri;
    return;
  }
  uri = text(*given, "uri");
  prefix = text(*given, "prefix");
}

aws::Protocol protocol_of(const Value& metadata) {
  std::string_view name = text(metadata, "protocol");
  if (name == "ec2") return aws::Protocol::Ec2;
  if (name == "query") return aws::Protocol::Query;
  if (name == "rest-json") return aws::Protocol::RestJson;
  if (name == "rest-xml") return aws::Protocol::RestXml;
  if (name == "smithy-rpc-v2-cbor") return aws::Protocol::RpcV2Cbor;
  return text(metadata, "jsonVersion") == "1.0" ? aws::Protocol::Json10 : aws::Protocol::Json11;
}

}  // namespace

ModelBuilder::ModelBuilder(const Value& suite, const Value& given) {
  build_shapes(*suite.find("shapes"));
  fill_service(*suite.find("metadata"));
  fill_operation(given, *suite.find("shapes"));
}

const Shape* ModelBuilder::find_shape(std::string_view name) const {
  auto found = shapes_.find(name);
  return found == shapes_.end() ? nullptr : &found->second;
}

std::string_view ModelBuilder::keep(std::string text) {
  return texts_.emplace_back(std::move(text));
}

void ModelBuilder::build_shapes(const Value& shapes) {
  for (const auto& [name, source] : *shapes.as_object()) {
    shapes_[name].kind = kind_of(source);
    sources_[name] = &source;
  }
  for (const auto& [name, source] : *shapes.as_object()) {
    fill_shape(shapes_.find(name)->first, source, shapes_[name]);
  }
}

void ModelBuilder::fill_shape(std::string_view name, const Value& source, Shape& shape) {
  shape.name = name;
  shape.timestamp = timestamp_of(source);
  shape.is_flattened = flag(source, "flattened");
  shape.xml_name = text(source, "locationName");
  std::string_view prefix;
  read_namespace(source, shape.xml_namespace, prefix);
  if (shape.kind == Kind::List) {
    shape.list = &kItemsOps;
    shape.element = element(*source.find("member"), "member");
  } else if (shape.kind == Kind::Map) {
    shape.map = &kEntriesOps;
    shape.key_name = text(*source.find("key"), "locationName", "key");
    shape.element = element(*source.find("value"), "value");
  } else if (shape.kind == Kind::Structure) {
    fill_structure(source, shape);
  }
}

void ModelBuilder::fill_structure(const Value& source, Shape& shape) {
  shape.is_union = flag(source, "union");
  const Object empty;
  const Value* given = source.find("members");
  const Object& members = given ? *given->as_object() : empty;
  if (members.size() > kFieldsMax) throw std::runtime_error("a structure with too many members");
  auto& list = members_.emplace_back();
  list.reserve(members.size());
  for (const auto& [name, reference] : members) {
    Member built = member(name, reference);
    built.offset = static_cast<uint32_t>(list.size() * sizeof(Field));
    list.push_back(built);
  }
  if (const Value* required = source.find("required")) {
    for (const Value& name : *required->as_array()) {
      for (Member& each : list) each.required |= each.name == *name.as_string();
    }
  }
  shape.members = list;
  for (const Member& each : list) {
    if (each.name == text(source, "payload")) shape.payload = &each;
  }
}

Member ModelBuilder::member(std::string_view name, const Value& reference) {
  auto target = shapes_.find(text(reference, "shape"));
  if (target == shapes_.end()) throw std::runtime_error("a member of an unknown shape");
  Member built{};
  built.name = name;
  built.wire_name = text(reference, "locationName", name);
  built.ec2_name = text(reference, "queryName", keep(capitalised(built.wire_name)));
  built.shape = &target->second;
  built.ops = field_ops(target->second.kind);
  built.location = location_of(reference);
  built.timestamp = timestamp_of(reference);
  built.is_xml_attribute = flag(reference, "xmlAttribute");
  built.is_flattened = flag(reference, "flattened");
  built.is_idempotency_token = flag(reference, "idempotencyToken");
  built.is_host_label = flag(reference, "hostLabel");
  built.is_json_value = flag(reference, "jsonvalue");
  read_namespace(*sources_.find(target->first)->second, built.xml_namespace, built.xml_prefix);
  read_namespace(reference, built.xml_namespace, built.xml_prefix);
  return built;
}

const Member* ModelBuilder::element(const Value& reference, std::string_view default_name) {
  return &members_.emplace_back(std::vector<Member>{member(default_name, reference)}).front();
}

void ModelBuilder::fill_service(const Value& metadata) {
  protocols_ = {protocol_of(metadata)};
  model_.name = "test";
  model_.service_id = text(metadata, "serviceId", "Test");
  model_.target_prefix = text(metadata, "targetPrefix");
  model_.api_version = text(metadata, "apiVersion");
  model_.endpoint_prefix = text(metadata, "endpointPrefix", "test");
  model_.signing_name = text(metadata, "signingName", "test");
  std::string_view prefix;
  read_namespace(metadata, model_.xml_namespace, prefix);
  model_.protocols = protocols_;
  model_.is_query_compatible = metadata.find("awsQueryCompatible") != nullptr;
}

void ModelBuilder::fill_operation(const Value& given, const Value& shapes) {
  auto shape_of = [&](std::string_view which) {
    const Value* reference = given.find(which);
    return reference ? find_shape(text(*reference, "shape")) : &nothing_;
  };
  const Value& http = *given.find("http");
  aws::Operation operation{};
  operation.model = &model_;
  operation.name = text(given, "name");
  operation.input = shape_of("input");
  operation.output = shape_of("output");
  operation.http_method = text(http, "method");
  operation.http_uri = text(http, "requestUri");
  const Value* status = http.find("responseCode");
  operation.http_status = status ? static_cast<int>(*status->as_integer()) : 200;
  if (const Value* output = given.find("output")) {
    std::string usual = std::string(operation.name) + "Result";
    operation.result_wrapper = text(*output, "resultWrapper", keep(std::move(usual)));
  }
  operation.make_input = [] { return aws::make_box(Record{}); };
  if (const Value* errors = given.find("errors")) {
    for (const Value& reference : *errors->as_array()) {
      std::string_view name = text(reference, "shape");
      const Value* error = shapes.find(name)->find("error");
      const Value empty{Object()};
      const Value& traits = error ? *error : empty;
      const Value* error_status = traits.find("httpStatusCode");
      errors_.push_back({name, text(traits, "code", name),
                         error_status ? static_cast<int>(*error_status->as_integer()) : 400});
    }
  }
  operation.errors = errors_;
  operations_.push_back(operation);
  model_.operations = operations_;
}

}  // namespace holm::test
