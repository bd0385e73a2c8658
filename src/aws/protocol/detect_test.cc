// Which operation a request is for, with services cut down to a few operations.

#include "aws/protocol/detect.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/strings.h"
#include "http/message.h"

namespace holm::aws {
namespace {

constexpr Shape kText{.kind = Kind::String, .name = "Text"};

Member required(std::string_view name, Location location) {
  return {.name = name,
          .wire_name = name,
          .ec2_name = name,
          .shape = &kText,
          .location = location,
          .required = true};
}

const Member kCopyMembers[] = {required("x-amz-copy-source", Location::Header)};
const Member kPartMembers[] = {required("partNumber", Location::QueryString),
                               required("uploadId", Location::QueryString)};
const Shape kNone{.kind = Kind::Structure, .name = "None"};
const Shape kCopyInput{.kind = Kind::Structure, .name = "Copy", .members = kCopyMembers};
const Shape kPartInput{.kind = Kind::Structure, .name = "Part", .members = kPartMembers};

Operation operation(std::string_view name, std::string_view method, std::string_view uri,
                    const Shape& input = kNone) {
  Operation result{};
  result.name = name;
  result.input = &input;
  result.output = &kNone;
  result.http_method = method;
  result.http_uri = uri;
  result.http_status = 200;
  return result;
}

const Operation kStoreOperations[] = {
    operation("ListBuckets", "GET", "/"),
    operation("ListObjects", "GET", "/{Bucket}"),
    operation("ListObjectsV2", "GET", "/{Bucket}?list-type=2"),
    operation("GetBucketAcl", "GET", "/{Bucket}?acl"),
    operation("GetObject", "GET", "/{Bucket}/{Key+}?x-id=GetObject"),
    operation("PutObject", "PUT", "/{Bucket}/{Key+}"),
    operation("CopyObject", "PUT", "/{Bucket}/{Key+}", kCopyInput),
    operation("UploadPart", "PUT", "/{Bucket}/{Key+}", kPartInput),
    operation("CompleteUpload", "POST", "/{Bucket}/{Key+}", kPartInput),
};
constexpr RequiredPart kRenameParts[] = {{Location::Header, "x-amz-rename-source"}};
constexpr RequiredPart kReportParts[] = {{Location::QueryString, "id"}};
const UnbuiltOperation kStoreUnbuilt[] = {
    {"GetBucketCors", "GET", "/{Bucket}?cors"},
    {"ListOtherBuckets", "GET", "/?x-id=ListOtherBuckets"},
    {"RenameObject", "PUT", "/{Bucket}/{Key+}", kRenameParts},
    {"GetReport", "GET", "/{Bucket}?report", kReportParts},
    {"ListReports", "GET", "/{Bucket}?report"},
};
const Operation kQueueOperations[] = {operation("SendMessage", "POST", "/")};
const UnbuiltOperation kQueueUnbuilt[] = {{"TagQueue", "POST", "/"}};
const Operation kOldOperations[] = {operation("CreateLoadBalancer", "POST", "/"),
                                    operation("DescribeInstanceHealth", "POST", "/")};
const Operation kNewOperations[] = {operation("CreateLoadBalancer", "POST", "/")};
const Operation kHostOperations[] = {operation("RunInstances", "POST", "/")};
const Operation kCodeOperations[] = {operation("ListFunctions", "GET", "/2015-03-31/functions")};

constexpr Protocol kRestXml[] = {Protocol::RestXml};
constexpr Protocol kRestJson[] = {Protocol::RestJson};
constexpr Protocol kQuery[] = {Protocol::Query};
constexpr Protocol kEc2[] = {Protocol::Ec2};
constexpr Protocol kMany[] = {Protocol::Json10, Protocol::RpcV2Cbor, Protocol::Query};

ServiceModel model(std::string_view id, std::string_view signing, std::string_view version,
                   std::span<const Protocol> protocols, std::span<const Operation> operations) {
  ServiceModel result{};
  result.name = signing;
  result.service_id = id;
  result.endpoint_prefix = signing;
  result.signing_name = signing;
  result.api_version = version;
  result.protocols = protocols;
  result.operations = operations;
  return result;
}

struct Services {
  ServiceModel store = model("S3", "s3", "2006-03-01", kRestXml, kStoreOperations);
  ServiceModel queue = model("SQS", "sqs", "2012-11-05", kMany, kQueueOperations);
  ServiceModel older = model("ELB", "elb", "2012-06-01", kQuery, kOldOperations);
  ServiceModel newer = model("ELBv2", "elb", "2015-12-01", kQuery, kNewOperations);
  ServiceModel host = model("EC2", "ec2", "2016-11-15", kEc2, kHostOperations);
  ServiceModel code = model("Lambda", "lambda", "2015-03-31", kRestJson, kCodeOperations);
  std::vector<const ServiceModel*> all = {&store, &queue, &older, &newer, &host, &code};

  Services() {
    store.unbuilt = kStoreUnbuilt;
    queue.unbuilt = kQueueUnbuilt;
    queue.target_prefix = "AmazonSQS";
  }
};

struct Case {
  const char* what;
  const char* signed_for;
  const char* line;  // "GET /path"
  http::Headers headers;
  const char* body;
  const char* result;
};

std::string outcome(const Services& services, const Case& c, std::string_view bucket = {}) {
  http::Request request;
  std::string_view line = c.line;
  request.method = line.substr(0, line.find(' '));
  request.target = line.substr(line.find(' ') + 1);
  http::split_target(request);
  request.headers = c.headers;
  request.authority = c.headers.get("Host");
  auto found = detect(Directory(services.all), request, {c.signed_for, bucket, c.body});
  if (!found) {
    const ServiceError& error = found.error().error;
    // "The operation X of S3 is not implemented by holm.", "The service X is …"
    if (error.http_status == 501) return "501 " + std::string(split(error.what(), ' ')[2]);
    return std::to_string(error.http_status) + " " + error.code;
  }
  return std::string(found->model->service_id) + "." + std::string(found->operation->name);
}

const http::Headers kForm = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
const http::Headers kCbor = {{"smithy-protocol", "rpc-v2-cbor"}};
const http::Headers kTarget = {{"X-Amz-Target", "AmazonSQS.SendMessage"}};

const Case kCases[] = {
    {"buckets", "s3", "GET /", {}, "", "S3.ListBuckets"},
    {"objects", "s3", "GET /b?prefix=x", {}, "", "S3.ListObjects"},
    {"a constant with its value", "s3", "GET /b?list-type=2", {}, "", "S3.ListObjectsV2"},
    {"a constant with another value", "s3", "GET /b?list-type=3", {}, "", "S3.ListObjects"},
    {"a constant without value", "s3", "GET /b?acl", {}, "", "S3.GetBucketAcl"},
    {"an unbuilt one is named", "s3", "GET /b?cors", {}, "", "501 GetBucketCors"},
    {"an unbuilt one that lacks what it requires", "s3", "GET /b?report", {}, "", "501 ListReports"},
    {"an unbuilt one that has what it requires", "s3", "GET /b?report&id=1", {}, "", "501 GetReport"},
    {"a required header of an unbuilt one decides",
     "s3",
     "PUT /b/k",
     {{"x-amz-rename-source", "/b/j"}},
     "",
     "501 RenameObject"},
    {"x-id tells namesakes apart", "s3", "GET /?x-id=ListOtherBuckets", {}, "", "501 ListOtherBuckets"},
    {"x-id says less than the path", "s3", "GET /b/k?x-id=ListBuckets", {}, "", "S3.GetObject"},
    {"x-id is not demanded", "s3", "GET /b/k", {}, "", "S3.GetObject"},
    {"a query string that says nothing", "s3", "GET /b?", {}, "", "S3.ListObjects"},
    {"a query string without a name", "s3", "GET /b?&", {}, "", "S3.ListObjects"},
    {"a query string that cannot be read", "s3", "GET /b?%zz", {}, "", "S3.ListObjects"},
    {"a key with slashes", "s3", "PUT /b/k/l/", {}, "", "S3.PutObject"},
    {"a required header decides",
     "s3",
     "PUT /b/k",
     {{"x-amz-copy-source", "/a/b"}},
     "",
     "S3.CopyObject"},
    {"required parameters decide",
     "s3",
     "PUT /b/k?partNumber=1&uploadId=u",
     {},
     "",
     "S3.UploadPart"},
    {"some required parameters do not", "s3", "PUT /b/k?partNumber=1", {}, "", "S3.PutObject"},
    {"the only one says what it lacks", "s3", "POST /b/k", {}, "", "S3.CompleteUpload"},
    {"another method", "s3", "PATCH /b/k", {}, "", "405 MethodNotAllowed"},
    {"anonymous requests are for S3", "", "GET /b/k", {}, "", "S3.GetObject"},
    {"a target", "sqs", "POST /", kTarget, "{}", "SQS.SendMessage"},
    {"an unsigned target", "", "POST /", kTarget, "{}", "SQS.SendMessage"},
    {"an unknown target",
     "sqs",
     "POST /",
     {{"X-Amz-Target", "AmazonSQS.Fly"}},
     "{}",
     "400 UnknownOperationException"},
    {"an unbuilt target",
     "sqs",
     "POST /",
     {{"X-Amz-Target", "AmazonSQS.TagQueue"}},
     "{}",
     "501 TagQueue"},
    {"a target without a dot",
     "sqs",
     "POST /",
     {{"X-Amz-Target", "x"}},
     "{}",
     "400 UnknownOperationException"},
    {"CBOR", "sqs", "POST /service/AmazonSQS/operation/SendMessage", kCbor, "", "SQS.SendMessage"},
    {"CBOR by another name of the service", "sqs", "POST /service/Queues/operation/SendMessage",
     kCbor, "", "SQS.SendMessage"},
    {"CBOR of no operation", "sqs", "POST /service/AmazonSQS/operation/Fly", kCbor, "",
     "404 UnknownOperationException"},
    {"CBOR without a path", "sqs", "POST /", kCbor, "", "404 UnknownOperationException"},
    {"a form", "sqs", "POST /1/queue", kForm, "Action=SendMessage", "SQS.SendMessage"},
    {"an action in the query string", "sqs", "GET /?Action=SendMessage", {}, "", "SQS.SendMessage"},
    {"EC2", "ec2", "POST /", kForm, "Action=RunInstances&Version=2016-11-15", "EC2.RunInstances"},
    {"an unknown action", "ec2", "POST /", kForm, "Action=Fly&Version=2016-11-15",
     "400 InvalidAction"},
    {"no action", "ec2", "POST /", kForm, "Version=2016-11-15", "400 MissingAction"},
    {"the version tells namesakes apart", "elb", "POST /", kForm,
     "Action=CreateLoadBalancer&Version=2015-12-01", "ELBv2.CreateLoadBalancer"},
    {"the older version", "elb", "POST /", kForm, "Action=CreateLoadBalancer&Version=2012-06-01",
     "ELB.CreateLoadBalancer"},
    {"without a version the operation does", "elb", "POST /", kForm,
     "Action=DescribeInstanceHealth", "ELB.DescribeInstanceHealth"},
    {"unsigned, by action and version", "", "POST /", kForm,
     "Action=RunInstances&Version=2016-11-15", "EC2.RunInstances"},
    {"a route in JSON", "lambda", "GET /2015-03-31/functions/", {}, "", "Lambda.ListFunctions"},
    {"no route in JSON", "lambda", "GET /x", {}, "", "404 UnknownOperationException"},
    {"the host's first label",
     "",
     "GET /2015-03-31/functions",
     {{"Host", "lambda.us-east-1.localhost"}},
     "",
     "Lambda.ListFunctions"},
    {"a service that is not here", "sagemaker", "POST /", {}, "", "501 sagemaker"},
};

TEST(Detect, FindsTheOperationOrSaysWhyNot) {
  Services services;
  for (const Case& c : kCases) EXPECT_EQ(outcome(services, c), c.result) << c.what;
}

TEST(Detect, PutsTheBucketOfAVirtualHostInFrontOfThePath) {
  Services services;
  EXPECT_EQ(outcome(services, {"", "s3", "GET /?list-type=2", {}, "", ""}, "b"),
            "S3.ListObjectsV2");
  EXPECT_EQ(outcome(services, {"", "s3", "GET /k/l", {}, "", ""}, "b"), "S3.GetObject");
  // A bucket may be called like a service.
  const http::Headers host = {{"Host", "lambda.s3.localhost"}};
  EXPECT_EQ(outcome(services, {"", "", "GET /k", host, "", ""}, "lambda"), "S3.GetObject");
}

}  // namespace
}  // namespace holm::aws
