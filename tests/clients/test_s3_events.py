"""Events of S3 reach topics, archives are restored, and unmodified clients see both."""
import json
import urllib.parse
import uuid

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from test_topics import Endpoint


@pytest.fixture(scope="module")
def endpoint():
    made = Endpoint()
    yield made
    made.server.shutdown()


@pytest.fixture
def bucket(region):
    name = f"events-{uuid.uuid4().hex[:12]}"
    region.client("s3").create_bucket(Bucket=name)
    return name


def statement(topic, bucket):
    return {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish",
            "Resource": topic, "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}}}


def let(sns, topic, bucket):
    policy = {"Version": "2012-10-17", "Statement": [statement(topic, bucket)]}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))


def subscribe(sns, endpoint, topic):
    """A path that every message of the topic is posted to, confirmed."""
    path = f"/{uuid.uuid4().hex}"
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url(path))
    wait_until(lambda: endpoint.of(path))
    token = json.loads(endpoint.of(path)[0][1])["Token"]
    sns.confirm_subscription(TopicArn=topic, Token=token)
    return path


def told(endpoint, path):
    """What S3 said, with the subjects."""
    envelopes = [json.loads(body) for headers, body in endpoint.of(path)
                 if headers["x-amz-sns-message-type"] == "Notification"]
    return [(each["Subject"], json.loads(each["Message"])) for each in envelopes]


def configuration(topic, *events, **more):
    return {"TopicConfigurations": [{"TopicArn": topic, "Events": list(events), **more}]}


def test_a_topic_is_told_what_its_policy_lets_s3_say(region, bucket, endpoint):
    s3, sns = region.client("s3"), region.client("sns")
    topic = sns.create_topic(Name=f"events-{uuid.uuid4().hex}")["TopicArn"]
    path = subscribe(sns, endpoint, topic)
    wanted = configuration(topic, "s3:ObjectCreated:*", Id="new",
                           Filter={"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}})
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidArgument"
    assert error["Message"] == "Unable to validate the following destination configurations"
    assert "do not allow S3 to publish" in error["ArgumentValue1"] and error["ArgumentName1"] == topic

    let(sns, topic, bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    wait_until(lambda: told(endpoint, path))
    subject, test = told(endpoint, path)[0]
    assert subject == "Amazon S3 Notification" and test["Service"] == "Amazon S3"
    assert (test["Event"], test["Bucket"]) == ("s3:TestEvent", bucket)

    s3.put_object(Bucket=bucket, Key="out/a", Body=b"x")
    s3.put_object(Bucket=bucket, Key="in/a b", Body=b"hello")
    wait_until(lambda: len(told(endpoint, path)) == 2)
    record = told(endpoint, path)[1][1]["Records"][0]
    assert (record["eventName"], record["s3"]["configurationId"]) == ("ObjectCreated:Put", "new")
    assert urllib.parse.unquote_plus(record["s3"]["object"]["key"]) == "in/a b"
    assert record["s3"]["object"]["size"] == 5
    kept = s3.get_bucket_notification_configuration(Bucket=bucket)["TopicConfigurations"][0]
    assert (kept["TopicArn"], kept["Filter"]["Key"]["FilterRules"][0]["Name"].lower()) == (topic, "prefix")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    assert "TopicConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


@pytest.mark.parametrize("kind, arn", [
    ("TopicConfigurations", "arn:aws:sns:us-east-1:{account}:none"),
    ("TopicConfigurations", "arn:aws:sns:eu-west-1:{account}:none"),
    ("TopicConfigurations", "nonsense"),
    ("LambdaFunctionConfigurations", "arn:aws:lambda:us-east-1:{account}:function:none")])
def test_what_is_not_there_is_told_nothing(region, bucket, kind, arn):
    arn = arn.format(account=region.client("sts").get_caller_identity()["Account"])
    name = "TopicArn" if kind == "TopicConfigurations" else "LambdaFunctionArn"
    with pytest.raises(ClientError) as refused:
        region.client("s3").put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={kind: [{name: arn, "Events": ["s3:ObjectCreated:*"]}]})
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"


@pytest.mark.parametrize("wanted, name", [
    ({"QueueConfigurations": [{"QueueArn": "arn:aws:sqs:us-east-1:111122223333:q",
                               "Events": ["s3:ObjectCreated:*"]}]}, "Queue"),
    ({"EventBridgeConfiguration": {}}, "EventBridgeConfiguration")])
def test_services_that_are_not_there_are_refused_by_name(region, bucket, wanted, name):
    with pytest.raises(ClientError) as refused:
        region.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
    error = refused.value.response["Error"]
    assert error["Code"] == "NotImplemented" and name in error["Message"]


def test_an_archived_object_is_restored_and_read(region, bucket, endpoint):
    s3, sns = region.client("s3"), region.client("sns")
    topic = sns.create_topic(Name=f"archive-{uuid.uuid4().hex}")["TopicArn"]
    let(sns, topic, bucket)
    path = subscribe(sns, endpoint, topic)
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=configuration(topic, "s3:ObjectRestore:*"))
    s3.put_object(Bucket=bucket, Key="k", Body=b"hello", StorageClass="GLACIER")
    with pytest.raises(s3.exceptions.InvalidObjectState) as refused:
        s3.get_object(Bucket=bucket, Key="k")
    assert refused.value.response["Error"]["StorageClass"] == "GLACIER"
    answer = s3.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": 1})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key="k")
    wait_until(lambda: 'ongoing-request="false"' in s3.head_object(Bucket=bucket, Key="k")["Restore"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"hello"
    listed = s3.list_objects_v2(Bucket=bucket, OptionalObjectAttributes=["RestoreStatus"])["Contents"][0]
    assert listed["RestoreStatus"]["IsRestoreInProgress"] is False and listed["RestoreStatus"]["RestoreExpiryDate"]
    again = s3.restore_object(Bucket=bucket, Key="k", RestoreRequest={"Days": 9})
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 200
    wait_until(lambda: len(told(endpoint, path)) == 3)
    names = [message["Records"][0]["eventName"] for _, message in told(endpoint, path)[1:]]
    assert sorted(names) == ["ObjectRestore:Completed", "ObjectRestore:Post"]
