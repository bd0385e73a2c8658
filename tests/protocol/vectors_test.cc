// AWS's protocol vectors: each request is read into the input it was made from, each output is
// written as a response that says the same as the vector's.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "async/byte_source.h"
#include "aws/protocol/detect.h"
#include "aws/protocol/protocol.h"
#include "base/strings.h"
#include "formats/cbor.h"
#include "formats/json.h"
#include "http/message.h"
#include "protocol/compare.h"
#include "protocol/dynamic_value.h"
#include "protocol/model_builder.h"

namespace holm::test {
namespace {

using aws::Protocol;
using formats::Object;
using formats::Value;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Where the vectors are, if they are there.
std::optional<std::filesystem::path> find_vectors() {
  std::vector<std::filesystem::path> places;
  if (const char* given = std::getenv("HOLM_VECTORS")) places.emplace_back(given);
  std::filesystem::path here = std::filesystem::current_path();
  for (const char* up : {"../shared", "../../shared", "../../../shared", "../../../../shared"}) {
    places.push_back(here / up / "vectors");
  }
  for (const auto& place : places) {
    if (std::filesystem::exists(place / "protocols")) return place / "protocols";
  }
  return std::nullopt;
}

// The cases that no server can pass, with the reason: lines of "id: reason".
std::map<std::string, std::string> not_for_servers() {
  std::map<std::string, std::string> reasons;
  for (const char* place : {"not_for_servers.txt", "tests/protocol/not_for_servers.txt"}) {
    std::string content = read_file(place);
    for (std::string_view line : split(content, '\n')) {
      size_t colon = line.find(": ");
      if (line.starts_with('#') || colon == std::string_view::npos) continue;
      reasons.emplace(line.substr(0, colon), line.substr(colon + 2));
    }
  }
  return reasons;
}

std::string text_at(const Value& value, std::string_view name) {
  const Value* found = value.find(name);
  const std::string* text = found ? found->as_string() : nullptr;
  return text ? *text : std::string();
}

// CBOR bodies stand in the vectors as base64.
std::string body_of(const Value& message, Protocol protocol) {
  std::string body = text_at(message, "body");
  return protocol == Protocol::RpcV2Cbor ? base64_decode(body).value() : body;
}

http::Request request_of(const Value& serialized) {
  http::Request request;
  request.method = text_at(serialized, "method");
  request.target = text_at(serialized, "uri");
  request.authority = "test.localhost";
  http::split_target(request);
  request.authority = "test.localhost";
  if (const Value* headers = serialized.find("headers")) {
    for (const auto& [name, value] : *headers->as_object())
      request.headers.add(name, *value.as_string());
  }
  return request;
}

// Members whose text is JSON are given as text or as what it says.
Value with_json_values(const aws::Shape& shape, Value value) {
  for (const aws::Member& member : shape.members) {
    Value* field = member.is_json_value ? value.as_object()->find(member.name) : nullptr;
    const std::string* text = field ? field->as_string() : nullptr;
    auto parsed = text ? formats::parse_json(*text) : formats::parse_json("");
    if (parsed) *field = *parsed;
  }
  return value;
}

// The input that was read, or why not.
std::string describe_input(const ModelBuilder& builder, const http::Request& request,
                           std::string body, const Value& params) {
  const aws::ServiceModel* models[] = {&builder.model()};
  const aws::Directory services(models);
  auto detected = aws::detect(services, request, {"test", {}, body});
  if (!detected) {
    // The signature's service is the model's, whatever it is called.
    detected = aws::detect(services, request, {builder.model().signing_name, {}, body});
  }
  if (!detected) return std::string("not detected: ") + detected.error().error.what();
  const aws::Operation& operation = *detected->operation;
  aws::WireRequest wire{&request, detected->path, std::move(body), nullptr};
  auto input = aws::protocol_for(detected->protocol).read(operation, std::move(wire));
  if (!input) return std::string("not read: ") + input.error().what();
  Value read = describe(*operation.input, input->get());
  // Clients fill tokens in that the caller did not give.
  for (const aws::Member& member : operation.input->members) {
    if (member.is_idempotency_token && !params.find(member.name)) {
      read.as_object()->remove(member.name);
    }
  }
  read = with_json_values(*operation.input, std::move(read));
  return formats::write_json(normal_tree(read), formats::JsonStyle::Pretty);
}

// Empty when the request is read as it should be.
std::string input_failure(const Value& suite, const Value& test) {
  ModelBuilder builder(suite, *test.find("given"));
  const Value& serialized = *test.find("serialized");
  Protocol protocol = builder.model().protocols.front();
  Value params = with_json_values(*builder.operation().input, *test.find("params"));
  params = normal_tree(params);
  std::string read =
      describe_input(builder, request_of(serialized), body_of(serialized, protocol), params);
  auto tree = formats::parse_json(read);
  if (tree && *tree == params) return {};
  return "read " + read + "\nexpected " + formats::write_json(params, formats::JsonStyle::Pretty);
}

std::string body_difference(Protocol protocol, const std::string& written,
                            const std::string& expected) {
  if (protocol == Protocol::Query || protocol == Protocol::Ec2 || protocol == Protocol::RestXml) {
    if (written == expected || normal_xml(written) == normal_xml(expected)) return {};
    return "wrote " + normal_xml(written) + "\nexpected " + normal_xml(expected);
  }
  bool is_cbor = protocol == Protocol::RpcV2Cbor;
  if (is_cbor) {
    auto tree = formats::parse_cbor(written);
    auto wanted = formats::parse_cbor(expected);
    if (tree && wanted && normal_tree(*tree) == normal_tree(*wanted)) return {};
    return "wrote " + (tree ? formats::write_json(*tree) : "no CBOR") + "\nexpected " +
           (wanted ? formats::write_json(*wanted) : "no CBOR");
  }
  if (written == expected) return {};
  auto tree = formats::parse_json(written);
  auto wanted = formats::parse_json(expected);
  if (tree && wanted && normal_tree(*tree) == normal_tree(*wanted)) return {};
  return "wrote " + written + "\nexpected " + expected;
}

std::string header_difference(const http::Response& written, const Value& expected) {
  const Value* headers = expected.find("headers");
  if (!headers) return {};
  for (const auto& [name, value] : *headers->as_object()) {
    // The server frames bodies; how errors are called is compared with their bodies.
    if (name == "Content-Length" || name == "X-Amzn-Errortype") continue;
    if (normal_header(written.headers.get(name)) == normal_header(*value.as_string())) continue;
    return "header " + name + " is '" + std::string(written.headers.get(name)) + "', expected '" +
           *value.as_string() + "'";
  }
  return {};
}

bool is_empty_document(Protocol protocol, const aws::Operation& operation,
                       const std::string& body) {
  if (body.empty() || body == "{}") return true;
  if (protocol == Protocol::RpcV2Cbor) return formats::parse_cbor(body) == Value(Object());
  std::string name(operation.name);
  std::string result = "<" + name + "Result>\n</" + name + "Result>\n";
  std::string normal = normal_xml(body);
  return normal == "<" + name + "Response>\n</" + name + "Response>\n" ||
         normal == "<" + name + "Response>\n" + result + "</" + name + "Response>\n";
}

std::string response_difference(Protocol protocol, const aws::Operation& operation,
                                http::Response& written, const Value& expected) {
  auto status = expected.find("status_code")->as_integer();
  if (written.status != status) return "status " + std::to_string(written.status);
  if (auto difference = header_difference(written, expected); !difference.empty())
    return difference;
  if (written.body_stream) written.body = read_stream(*written.body_stream);
  std::string wanted = body_of(expected, protocol);
  // An operation without members to send may as well send an empty document.
  if (wanted.empty() && is_empty_document(protocol, operation, written.body)) return {};
  if (operation.output->payload && written.body == wanted) return {};
  return body_difference(protocol, written.body, wanted);
}

std::string output_failure(const Value& suite, const Value& test) {
  ModelBuilder builder(suite, *test.find("given"));
  const aws::Operation& operation = builder.operation();
  Protocol protocol = builder.model().protocols.front();
  Record output;
  fill(*operation.output, *test.find("result"), output);
  auto response = aws::protocol_for(protocol).write(operation, &output, "requestid");
  return response_difference(protocol, operation, response, *test.find("response"));
}

// What the vector's error is to a service that throws it: flat members, some of them headers.
aws::ServiceError error_of(const ModelBuilder& builder, const Value& test) {
  const aws::ErrorModel& model = builder.operation().errors.front();
  auto status = test.find("response")->find("status_code")->as_integer();
  aws::ServiceError error(model.code, static_cast<int>(*status), text_at(test, "errorMessage"));
  const aws::Shape& shape = *builder.find_shape(model.shape);
  for (const auto& [name, value] : *test.find("error")->as_object()) {
    if (to_lower(name) == "message") continue;
    auto member = std::ranges::find(shape.members, name, &aws::Member::name);
    const std::string* text = value.as_string();
    if (!text) throw std::runtime_error("errors have flat members only");
    bool is_header = member->location == aws::Location::Header;
    (is_header ? error.headers : error.members).emplace_back(member->wire_name, *text);
  }
  return error;
}

// What a client makes of an error in JSON or CBOR: the type stands in a header or the body, may
// have a namespace and be followed by an address.
Value normal_error(std::string type, const std::optional<Value>& body) {
  Object normal;
  const Object none;
  const Object* members = body ? body->as_object() : nullptr;
  for (const auto& [name, value] : members ? *members : none) {
    if (name == "__type" || name == "code") {
      if (type.empty()) type = *value.as_string();
    } else {
      normal.set(to_lower(name) == "message" ? "message" : name, value);
    }
  }
  type = type.substr(0, type.find(':'));
  normal.set("type", type.substr(type.find('#') + 1));
  return normal;
}

std::string error_failure(const Value& suite, const Value& test) {
  ModelBuilder builder(suite, *test.find("given"));
  Protocol protocol = builder.model().protocols.front();
  const Value& expected = *test.find("response");
  auto response = aws::protocol_for(protocol).write_error(&builder.model(), &builder.operation(),
                                                          error_of(builder, test), "requestid");
  if (auto difference = header_difference(response, expected); !difference.empty())
    return difference;
  std::string wanted = body_of(expected, protocol);
  if (protocol == Protocol::Query || protocol == Protocol::Ec2 || protocol == Protocol::RestXml) {
    return body_difference(protocol, response.body, wanted);
  }
  auto parse = [&](std::string_view text) -> std::optional<Value> {
    auto tree =
        protocol == Protocol::RpcV2Cbor ? formats::parse_cbor(text) : formats::parse_json(text);
    return tree ? std::optional(*tree) : std::nullopt;
  };
  const Value* headers = expected.find("headers");
  Value written_error =
      normal_error(std::string(response.headers.get("X-Amzn-ErrorType")), parse(response.body));
  Value wanted_error =
      normal_error(headers ? text_at(*headers, "X-Amzn-Errortype") : std::string(), parse(wanted));
  if (written_error == wanted_error) return {};
  return "wrote " + formats::write_json(written_error) + "\nexpected " +
         formats::write_json(wanted_error);
}

std::string failure_of(const Value& suite, const Value& test) {
  if (test.find("serialized")) return input_failure(suite, test);
  return test.find("errorCode") ? error_failure(suite, test) : output_failure(suite, test);
}

// What a case that cannot even be set up throws is its failure.
std::string outcome(const Value& suite, const Value& test) {
  try {
    return failure_of(suite, test);
  } catch (const std::exception& error) {
    return std::string("not set up: ") + error.what();
  }
}

class Vectors : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = find_vectors();
    if (!folder_)
      GTEST_SKIP() << "the protocol vectors are not here; HOLM_VECTORS names their folder";
  }

  // Runs every case of a folder that is not excused; an excuse that is not needed is a failure as
  // well.
  void run(std::string_view kind) {
    auto excused = not_for_servers();
    int passed = 0;
    for (const auto& entry : std::filesystem::directory_iterator(*folder_ / kind)) {
      auto suites = formats::parse_json(read_file(entry.path()));
      ASSERT_TRUE(suites) << entry.path();
      for (const Value& suite : *suites->as_array()) {
        for (const Value& test : *suite.find("cases")->as_array()) {
          std::string id = text_at(test, "id");
          std::string failure = outcome(suite, test);
          bool is_excused = excused.contains(std::string(kind) + "/" + id);
          if (is_excused) {
            EXPECT_FALSE(failure.empty()) << id << " is excused and passes";
          } else {
            EXPECT_TRUE(failure.empty()) << entry.path().filename() << " " << id << ": " << failure;
          }
          if (failure.empty()) ++passed;
        }
      }
    }
    RecordProperty("passed", passed);
    EXPECT_GT(passed, 200);
  }

 private:
  std::optional<std::filesystem::path> folder_;
};

TEST_F(Vectors, RequestsAreReadIntoTheInputTheyWereMadeFrom) { run("input"); }

TEST_F(Vectors, OutputsAreWrittenAsTheVectorsResponses) { run("output"); }

}  // namespace
}  // namespace holm::test
