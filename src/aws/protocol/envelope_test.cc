// The exact envelopes of results and errors, as AWS's clients get them.

#include <gtest/gtest.h>

#include "aws/codec/test_shapes.h"
#include "aws/protocol/protocol.h"
#include "http/message.h"

namespace holm::aws {
namespace {

constexpr ErrorModel kErrors[] = {{"QueueDoesNotExist", "AWS.NonExistentQueue", 400}};

struct World {
  ServiceModel model{};
  Operation operation{};

  World() {
    model.service_id = "Test";
    model.xml_namespace = "http://test/doc/";
    model.is_query_compatible = true;
    operation.model = &model;
    operation.name = "Describe";
    operation.http_method = "GET";
    operation.http_uri = "/";
    operation.http_status = 200;
    operation.output = &test::kEverything;
    operation.result_wrapper = "DescribeResult";
    operation.errors = kErrors;
  }

  http::Response error(Protocol protocol) const {
    ServiceError error("AWS.NonExistentQueue", 400, "No <such> queue.");
    error.with("QueueName", "q");
    return protocol_for(protocol).write_error(&model, &operation, error, "id-1");
  }
};

TEST(Envelopes, OfResults) {
  World world;
  test::Everything output;
  output.names = {"a", "b"};
  output.at = Timestamp(std::chrono::milliseconds(1500));
  auto written = [&](Protocol protocol) {
    return protocol_for(protocol).write(world.operation, &output, "id-1").body;
  };
  const std::string members =
      "<at>1970-01-01T00:00:01.500Z</at><names><member>a</member><member>b</member></names>";
  EXPECT_EQ(written(Protocol::Query),
            "<DescribeResponse xmlns=\"http://test/doc/\"><DescribeResult>" + members +
                "</DescribeResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>"
                "</DescribeResponse>");
  EXPECT_EQ(
      written(Protocol::Ec2),
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeResponse xmlns=\"http://test/doc/\">"
      "<requestId>id-1</requestId>" +
          members + "</DescribeResponse>");
  EXPECT_EQ(written(Protocol::Json11), R"({"at":1.5,"names":["a","b"]})");
  EXPECT_EQ(written(Protocol::RestJson), R"({"at":1.5,"names":["a","b"]})");
}

TEST(Envelopes, OfErrorsInQuery) {
  auto response = World().error(Protocol::Query);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            "<ErrorResponse xmlns=\"http://test/doc/\"><Error><Type>Sender</Type>"
            "<Code>AWS.NonExistentQueue</Code><Message>No &lt;such&gt; queue.</Message>"
            "<QueueName>q</QueueName></Error><RequestId>id-1</RequestId></ErrorResponse>");
}

TEST(Envelopes, OfErrorsInEc2) {
  EXPECT_EQ(World().error(Protocol::Ec2).body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>"
            "<Code>AWS.NonExistentQueue</Code><Message>No &lt;such&gt; queue.</Message>"
            "<QueueName>q</QueueName></Error></Errors><RequestID>id-1</RequestID></Response>");
}

TEST(Envelopes, OfErrorsInJsonNameTheShapeAndTheQueryCode) {
  auto response = World().error(Protocol::Json10);
  EXPECT_EQ(response.body,
            R"({"__type":"QueueDoesNotExist","message":"No <such> queue.","QueueName":"q"})");
  EXPECT_EQ(response.headers.get("x-amzn-query-error"), "AWS.NonExistentQueue;Sender");
  EXPECT_EQ(response.headers.get("x-amzn-RequestId"), "id-1");
  EXPECT_EQ(response.headers.get("Content-Type"), "application/x-amz-json-1.0");
}

TEST(Envelopes, OfErrorsInRestJson) {
  auto response = World().error(Protocol::RestJson);
  EXPECT_EQ(response.headers.get("X-Amzn-ErrorType"), "QueueDoesNotExist");
  EXPECT_EQ(response.body, R"({"message":"No <such> queue.","QueueName":"q"})");
}

TEST(Envelopes, OfErrorsInS3AreNotWrapped) {
  World world;
  world.model.service_id = "S3";
  auto response = world.error(Protocol::RestXml);
  EXPECT_EQ(response.body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AWS.NonExistentQueue</Code>"
            "<Message>No &lt;such&gt; queue.</Message><QueueName>q</QueueName>"
            "<RequestId>id-1</RequestId><HostId>aWQtMQ==</HostId></Error>");
  EXPECT_EQ(response.headers.get("x-amz-request-id"), "id-1");
  EXPECT_TRUE(response.headers.has("x-amz-id-2"));
}

TEST(Envelopes, OfErrorsWithoutABodyHaveNoType) {
  World world;
  world.operation.http_method = "HEAD";
  auto response = world.error(Protocol::RestXml);
  EXPECT_EQ(response.body, "");
  EXPECT_FALSE(response.headers.has("Content-Type"));
}

}  // namespace
}  // namespace holm::aws
