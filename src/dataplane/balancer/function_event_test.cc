// What functions are told, and which of their answers are responses.

#include "dataplane/balancer/function_event.h"

#include <gtest/gtest.h>

#include "formats/json.h"

namespace holm::balancer {
namespace {

using formats::Value;

struct Asked {
  http::Request request;
  LoadBalancer load_balancer;
  Listener listener{.port = 8080};

  Asked() {
    request.method = "GET";
    request.target = "/a%20b?x=1&y=%41&x=2&flag&&=v";
    split_target(request);
    request.authority = "www.example.com";
    request.headers = {{"Host", "www.example.com"}, {"Accept", "a"}, {"accept", "b"}, {"Connection", "close"}};
    request.peer = *net::Address::parse("192.0.2.7", 5);
  }
  Value event(std::string_view body = "", EventHeaders kind = EventHeaders::Single) {
    RequestHead head{request, load_balancer, listener, 80, "1-2-3", body.size()};
    auto parsed = formats::parse_json(function_event(head, body, "arn:group", kind));
    EXPECT_TRUE(parsed);
    return parsed ? *parsed : Value();
  }
};

std::string text_at(const Value& value, std::string_view map, std::string_view name) {
  const Value* found = value.find(map) ? value.find(map)->find(name) : nullptr;
  return found ? formats::write_json(*found) : "none";
}

TEST(FunctionEvent, TellsWhatAwsTells) {
  const Value event = Asked().event();
  EXPECT_EQ(formats::write_json(*event.find("requestContext")), R"({"elb":{"targetGroupArn":"arn:group"}})");
  EXPECT_EQ(*event.find("httpMethod")->as_string(), "GET");
  EXPECT_EQ(*event.find("path")->as_string(), "/a%20b");
  EXPECT_EQ(formats::write_json(*event.find("queryStringParameters")), R"({"x":"2","y":"%41","flag":"","":"v"})");
  EXPECT_EQ(text_at(event, "headers", "accept"), R"("b")") << "the last one";
  EXPECT_EQ(text_at(event, "headers", "host"), R"("www.example.com")");
  EXPECT_EQ(text_at(event, "headers", "x-forwarded-for"), R"("192.0.2.7")");
  EXPECT_EQ(text_at(event, "headers", "x-forwarded-port"), R"("8080")");
  EXPECT_EQ(text_at(event, "headers", "x-forwarded-proto"), R"("http")");
  EXPECT_EQ(text_at(event, "headers", "x-amzn-trace-id"), R"("Root=1-2-3")");
  EXPECT_EQ(text_at(event, "headers", "connection"), "none");
  EXPECT_EQ(*event.find("body")->as_string(), "");
  EXPECT_FALSE(*event.find("isBase64Encoded")->as_boolean());
  EXPECT_EQ(event.find("multiValueHeaders"), nullptr);
}

TEST(FunctionEvent, HasRoomForSeveralOfOneName) {
  const Value event = Asked().event("", EventHeaders::Multiple);
  EXPECT_EQ(text_at(event, "multiValueQueryStringParameters", "x"), R"(["1","2"])");
  EXPECT_EQ(text_at(event, "multiValueHeaders", "accept"), R"(["a","b"])");
  EXPECT_EQ(event.find("headers"), nullptr);
  EXPECT_EQ(event.find("queryStringParameters"), nullptr);
}

struct BodyCase {
  const char* what;
  const char* type;
  const char* encoding;
  std::string body;
  bool is_encoded;
};

TEST(FunctionEvent, BodiesThatAreNoTextAreBase64) {
  const BodyCase kCases[] = {
      {"text of any kind", "Text/Plain; charset=utf-8", "", "hi", false},
      {"JSON", "application/json", "", "{}", false},
      {"a form", "application/x-www-form-urlencoded", "", "a=b", true},
      {"of no type", "", "", "hi", true},
      {"compressed", "text/plain", "gzip", "hi", true},
      {"text that is none", "text/plain", "", "\xff\xfe", true},
  };
  for (const BodyCase& each : kCases) {
    Asked asked;
    if (*each.type != '\0') asked.request.headers.add("Content-Type", each.type);
    if (*each.encoding != '\0') asked.request.headers.add("Content-Encoding", each.encoding);
    const Value event = asked.event(each.body);
    EXPECT_EQ(*event.find("isBase64Encoded")->as_boolean(), each.is_encoded) << each.what;
    if (!each.is_encoded) EXPECT_EQ(*event.find("body")->as_string(), each.body) << each.what;
  }
  EXPECT_EQ(*Asked().event("hi").find("body")->as_string(), "aGk=");
}

TEST(FunctionEvent, BytesThatAreNoTextCannotBreakIt) {
  Asked asked;
  asked.request.headers.add("X-Bytes", "a\xff");
  asked.request.query = "\xfe=\xff";
  asked.request.path = "/\xfd";
  const Value event = asked.event();
  EXPECT_EQ(text_at(event, "headers", "x-bytes"), "\"a\xef\xbf\xbd\"");
}

struct AnswerCase {
  const char* what;
  const char* answer;
  const char* expected;  // "status body name=value …", or "none".
  EventHeaders kind = EventHeaders::Single;
};

std::string described(const Result<http::Response>& response) {
  if (!response) return "none";
  std::string text = std::to_string(response->status) + " " + response->body;
  for (const http::Header& each : response->headers) {
    text.append(" ").append(each.name).append("=").append(each.value);
  }
  return text;
}

TEST(FunctionAnswer, IsAResponseOrNone) {
  const AnswerCase kCases[] = {
      {"all of it",
       R"({"statusCode":200,"statusDescription":"200 OK","isBase64Encoded":false,"body":"hi",)"
       R"("headers":{"Content-Type":"text/html","Connection":"close","content-length":"7"}})",
       "200 hi Content-Type=text/html"},
      {"as little as possible", R"({"statusCode":204})", "204 "},
      {"nothing where something may be", R"({"statusCode":200,"headers":null,"body":null,"isBase64Encoded":null})",
       "200 "},
      {"base64", R"({"statusCode":200,"isBase64Encoded":true,"body":"aGk="})", "200 hi"},
      {"several of one name", R"({"statusCode":200,"multiValueHeaders":{"Set-Cookie":["a=1","b=2"]}})",
       "200  Set-Cookie=a=1 Set-Cookie=b=2", EventHeaders::Multiple},
      {"the headers of the other kind are not looked at", R"({"statusCode":200,"headers":{"a":"b"}})", "200 ",
       EventHeaders::Multiple},
      {"no JSON", "hello", "none"},
      {"nothing", "", "none"},
      {"a text", R"("hello")", "none"},
      {"null, as a function returns that returns nothing", "null", "none"},
      {"no status", R"({"body":"x"})", "none"},
      {"a status as text", R"({"statusCode":"200"})", "none"},
      {"no status of a response", R"({"statusCode":99})", "none"},
      {"a number as a header", R"({"statusCode":200,"headers":{"a":1}})", "none"},
      {"a list as headers", R"({"statusCode":200,"headers":[]})", "none"},
      {"one header where several belong", R"({"statusCode":200,"multiValueHeaders":{"a":"b"}})", "none",
       EventHeaders::Multiple},
      {"a header that forges another", R"({"statusCode":200,"headers":{"a":"b\r\nc: d"}})", "none"},
      {"a name that is none", R"({"statusCode":200,"headers":{"a b":"c"}})", "none"},
      {"a body that is no text", R"({"statusCode":200,"body":{}})", "none"},
      {"no base64", R"({"statusCode":200,"isBase64Encoded":true,"body":"!"})", "none"},
      {"neither true nor false", R"({"statusCode":200,"isBase64Encoded":"false"})", "none"},
  };
  for (const AnswerCase& each : kCases) {
    EXPECT_EQ(described(read_function_answer(each.answer, each.kind)), each.expected) << each.what;
  }
}

}  // namespace
}  // namespace holm::balancer
