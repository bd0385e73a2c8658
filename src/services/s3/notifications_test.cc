// Events: who may be told, and what they are told.

#include <gtest/gtest.h>

#include "formats/json.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

class Notifications : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("bbb"); }

  std::string tell(const std::string& function_arn, std::vector<std::string> events) {
    LambdaFunctionConfiguration function{
        .id = "mine", .lambda_function_arn = function_arn, .events = std::move(events)};
    return s3.outcome<PutBucketNotificationConfiguration>(
        {.bucket = "bbb", .notification_configuration = {.lambda_function_configurations = {function}}});
  }

  const std::string arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Notifications, GoOnlyToFunctionsThatExistBesideTheBucket) {
  EXPECT_EQ(tell(arn, {"s3:ObjectCreated:*"}), "200");
  EXPECT_EQ(tell(arn + ":live", {"s3:ObjectCreated:*"}), "200");
  EXPECT_EQ(tell(arn + "oreign", {"s3:ObjectCreated:*"}), "400 InvalidArgument");
  EXPECT_EQ(tell("arn:aws:lambda:us-east-1:123456789012:function:f", {"s3:ObjectCreated:*"}),
            "400 InvalidArgument");
  EXPECT_EQ(tell("arn:aws:lambda:eu-west-1:999999999999:function:f", {"s3:ObjectCreated:*"}),
            "400 InvalidArgument");
  EXPECT_EQ(tell("f", {"s3:ObjectCreated:*"}), "400 InvalidArgument");
}

TEST_F(Notifications, AreDeliveredInAwssWords) {
  tell(arn, {"s3:ObjectCreated:Put", "s3:ObjectRemoved:*"});
  s3.put("bbb", "a b/\xc3\xbc.jpg", "hello");
  EXPECT_TRUE(s3.messages().empty()) << "delivery is a job";
  EXPECT_EQ(s3.jobs().run_due(), 1);
  ASSERT_EQ(s3.messages().size(), 1u);
  const auto message = formats::parse_json(s3.messages().front()).value();
  const formats::Value& record = message.find("Records")->as_array()->at(0);
  EXPECT_EQ(*record.find("eventName")->as_string(), "ObjectCreated:Put");
  EXPECT_EQ(*record.find("eventSource")->as_string(), "aws:s3");
  EXPECT_EQ(*record.find("awsRegion")->as_string(), "eu-west-1");
  const formats::Value& s3_part = *record.find("s3");
  EXPECT_EQ(*s3_part.find("configurationId")->as_string(), "mine");
  EXPECT_EQ(*s3_part.find("bucket")->find("name")->as_string(), "bbb");
  const formats::Value& object = *s3_part.find("object");
  EXPECT_EQ(*object.find("key")->as_string(), "a+b/%C3%BC.jpg");
  EXPECT_EQ(object.find("size")->as_integer(), 5);
  EXPECT_EQ(*object.find("eTag")->as_string(), "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(object.find("versionId"), nullptr);
  std::string sequencer = *object.find("sequencer")->as_string();

  s3.put("bbb", "a b/\xc3\xbc.jpg", "again");
  EXPECT_EQ(s3.jobs().run_due(), 1);
  s3.call<DeleteObject>({.bucket = "bbb", .key = "a b/\xc3\xbc.jpg"});
  EXPECT_EQ(s3.jobs().run_due(), 1);
  for (size_t i = 1; i < 3; ++i) {
    const auto later = formats::parse_json(s3.messages().at(i)).value();
    const formats::Value* part = later.find("Records")->as_array()->at(0).find("s3");
    const std::string next = *part->find("object")->find("sequencer")->as_string();
    EXPECT_GT(next, sequencer);
    sequencer = next;
  }
}

TEST_F(Notifications, GoOnlyToFunctionsThatPermitIt) {
  s3.deny("lambda:InvokeFunction");
  EXPECT_EQ(tell(arn, {"s3:ObjectCreated:*"}), "400 InvalidArgument");
}

TEST_F(Notifications, TellTopicsTooAndFirstThatTheyWill) {
  TopicConfiguration topic{
      .id = "mine", .topic_arn = "arn:aws:sns:eu-west-1:123456789012:t", .events = {"s3:ObjectRemoved:*"}};
  auto set = [&](const TopicConfiguration& wanted) {
    return s3.outcome<PutBucketNotificationConfiguration>(
        {.bucket = "bbb", .notification_configuration = {.topic_configurations = {wanted}}});
  };
  for (const char* other :
       {"arn:aws:sns:eu-west-1:123456789012:closed", "arn:aws:sns:eu-west-1:123456789012:no",
        "arn:aws:sns:us-east-1:123456789012:t", "t"}) {
    TopicConfiguration wrong = topic;
    wrong.topic_arn = other;
    EXPECT_EQ(set(wrong), "400 InvalidArgument") << other;
  }
  EXPECT_TRUE(s3.published().empty());
  EXPECT_EQ(set(topic), "200");
  ASSERT_EQ(s3.published().size(), 1u);
  const auto first = formats::parse_json(s3.published().front()).value();
  EXPECT_EQ(*first.find("Event")->as_string(), "s3:TestEvent");
  EXPECT_EQ(*first.find("Bucket")->as_string(), "bbb");
  const auto told = s3.call<GetBucketNotificationConfiguration>({.bucket = "bbb"});
  EXPECT_EQ(told.topic_configurations.at(0).topic_arn, topic.topic_arn);

  s3.put("bbb", "k", "x");
  s3.call<DeleteObject>({.bucket = "bbb", .key = "k"});
  EXPECT_EQ(s3.published().size(), 1u) << "delivery is a job";
  s3.jobs().run_due();
  ASSERT_EQ(s3.published().size(), 2u);
  const auto message = formats::parse_json(s3.published().back()).value();
  EXPECT_EQ(*message.find("Records")->as_array()->at(0).find("eventName")->as_string(),
            "ObjectRemoved:Delete");
}

TEST_F(Notifications, OfOneEventGoToOneDestination) {
  LambdaFunctionConfiguration function{
      .id = "same", .lambda_function_arn = arn, .events = {"s3:ObjectCreated:Put"}};
  TopicConfiguration topic{
      .id = "same", .topic_arn = "arn:aws:sns:eu-west-1:123456789012:t", .events = {"s3:ObjectRemoved:*"}};
  auto set = [&] {
    return s3.outcome<PutBucketNotificationConfiguration>(
        {.bucket = "bbb",
         .notification_configuration = {.topic_configurations = {topic},
                                        .lambda_function_configurations = {function}}});
  };
  EXPECT_EQ(set(), "400 InvalidArgument") << "two of one id";
  topic.id = "other";
  EXPECT_EQ(set(), "200");
  topic.events = {"s3:ObjectCreated:*"};
  EXPECT_EQ(set(), "400 InvalidArgument");
  topic.filter = NotificationConfigurationFilter{
      .key = S3KeyFilter{.filter_rules = {{.name = "Suffix", .value = ".a"}}}};
  EXPECT_EQ(set(), "400 InvalidArgument") << "the function is told of all keys";
  function.filter = NotificationConfigurationFilter{
      .key = S3KeyFilter{.filter_rules = {{.name = "suffix", .value = ".b"}}}};
  EXPECT_EQ(set(), "200");
  topic.events = {"s3:Nonsense"};
  EXPECT_EQ(set(), "400 InvalidArgument");
}

}  // namespace

}  // namespace holm::s3
