"""Messages published to topics reach those who subscribed: by e-mail, HTTP and functions, and nobody else."""
import base64
import datetime
import email
import email.policy
import http.server
import json
import re
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from botocore.exceptions import ClientError
from conftest import free_port, new_region, wait_until
from test_alarms import TRUST, alarm
from test_metrics import error_of, now, package
from test_stacks import settled

SENDER = "alerts@shop.example.com"
LOGIN, PASSWORD = b"holm", b"s3cret/word"


class Mailbox:
    """A real relay, which refuses whom it is told to."""

    def __init__(self):
        self.mails, self.refusals, self.logins = [], {}, []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), auth_require_tls=False,
                                     authenticator=self.log_in, auth_required=True)
        self.controller.start()

    def log_in(self, server, session, envelope, mechanism, data):
        self.logins.append(mechanism)
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (LOGIN, PASSWORD)
        return AuthResult(success=good)

    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = self.refusals.get(address, [])
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail))
        return "250 taken"

    def of(self, address):
        return [mail for _, recipients, mail in self.mails if address in recipients]


class Endpoint:
    """What is posted to it, path by path; it answers as it is told."""

    def __init__(self):
        self.requests, self.answers = [], {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.requests.append((self.path, dict(self.headers), body))
                answers = outer.answers.get(self.path, [])
                self.send_response(answers.pop(0) if answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def of(self, path):
        return [(headers, body) for at, headers, body in self.requests if at == path]


@pytest.fixture(scope="module")
def mailbox():
    made = Mailbox()
    yield made
    made.controller.stop()


@pytest.fixture(scope="module")
def endpoint():
    made = Endpoint()
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module")
def region(mailbox):
    with new_region() as made:
        password = PASSWORD.decode().replace("/", "%2F")
        made.more_environment = {
            "HOLM_MAIL_RELAY": f"smtp://{LOGIN.decode()}:{password}@127.0.0.1:{mailbox.controller.port}",
            "HOLM_MAIL_FROM": SENDER}
        made.start()
        yield made


@pytest.fixture(scope="module")
def sns(region):
    return region.client("sns")


def visit(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


def sum_of(region, space, name, dimensions):
    metric = {"Namespace": space, "MetricName": name,
              "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]}
    found = region.client("cloudwatch").get_metric_data(
        StartTime=now() - datetime.timedelta(minutes=10), EndTime=now() + datetime.timedelta(minutes=1),
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}])
    return sum(found["MetricDataResults"][0]["Values"])


def link_in(text, action):
    return re.search(rf"http://localhost:\d+/\?Action={action}[^\s\"]+", text).group()


def text_of(mail):
    return mail.get_content().replace("\r\n", "\n")


def subscribe_by_mail(sns, mailbox, topic, address, **more):
    answer = sns.subscribe(TopicArn=topic, Protocol=more.pop("protocol", "email"), Endpoint=address, **more)
    assert answer["SubscriptionArn"] == "pending confirmation"
    mail = wait_until(lambda: mailbox.of(address), what="the confirmation mail")[-1]
    visit(link_in(mail.get_content(), "ConfirmSubscription"))
    mailbox.mails.clear()


def subscribe_by_http(sns, endpoint, topic, path, **attributes):
    """Confirms as an endpoint does: by visiting the link it was posted."""
    made = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url(path), ReturnSubscriptionArn=True,
                         Attributes=attributes)["SubscriptionArn"]
    _, body = wait_until(lambda: endpoint.of(path), what="the confirmation request")[-1]
    assert made in visit(json.loads(body)["SubscribeURL"])
    endpoint.requests.clear()
    return made


def test_mail_reaches_who_confirmed(sns, mailbox):
    topic = sns.create_topic(Name="news", Attributes={"DisplayName": "Shop news"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
    mail = wait_until(lambda: mailbox.of("me@example.com"), what="the confirmation mail")[0]
    assert mail["Subject"] == "AWS Notification - Subscription Confirmation"
    assert mail["From"].addresses[0].display_name == "Shop news" and mail["From"].addresses[0].addr_spec == SENDER
    assert mail["To"].addresses[0].addr_spec == "me@example.com"
    assert mailbox.logins, "the relay was told who sends"
    sns.publish(TopicArn=topic, Message="too early")
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"
    confirmed = visit(link_in(mail.get_content(), "ConfirmSubscription"))
    assert "<SubscriptionArn>" + topic in confirmed
    sns.publish(TopicArn=topic, Message="Gr\u00fc\u00dfe\n.\nfrom the shop", Subject="Hello")
    sns.publish(TopicArn=topic, Message="plain\n.\nline")
    mails = wait_until(lambda: len(mailbox.of("me@example.com")) >= 3 and mailbox.of("me@example.com"), what="the mails")[1:]
    texts = sorted(text_of(each).split("\n\n--\n")[0] for each in mails)
    assert texts == ["Gr\u00fc\u00dfe\n.\nfrom the shop", "plain\n.\nline"]
    assert sorted(each["Subject"] for each in mails) == ["AWS Notification Message", "Hello"]
    assert not any("too early" in each.get_content() for _, _, each in mailbox.mails)

    visit(link_in(mails[0].get_content(), "Unsubscribe"))
    last = wait_until(lambda: [each for each in mailbox.of("me@example.com") if "Unsubscribe" in each["Subject"]],
                      what="the mail that says so")[0]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"
    visit(link_in(last.get_content(), "ConfirmSubscription"))
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"


def test_a_relay_that_is_busy_is_asked_again_and_one_that_refuses_is_not(sns, mailbox):
    topic = sns.create_topic(Name="busy")["TopicArn"]
    subscribe_by_mail(sns, mailbox, topic, "busy@example.com", protocol="email-json")
    subscribe_by_mail(sns, mailbox, topic, "gone@example.com")
    mailbox.refusals = {"busy@example.com": ["451 later"], "gone@example.com": ["550 nobody here"] * 9}
    sns.publish(TopicArn=topic, Message="once")
    mail = wait_until(lambda: mailbox.of("busy@example.com"), seconds=40, what="the second attempt")[0]
    assert json.loads(mail.get_content())["Message"] == "once"
    assert len(mailbox.refusals["gone@example.com"]) == 8
    assert mailbox.of("gone@example.com") == []


def verify(document, certificate):
    """As the documentation says endpoints do, with OpenSSL."""
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    if document["Type"] == "Notification":
        names = [name for name in names if name not in ("SubscribeURL", "Token")]
    text = "".join(f"{name}\n{document[name]}\n" for name in names if name in document)
    digest = {"1": "-sha1", "2": "-sha256"}[document["SignatureVersion"]]
    key = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=certificate.encode(), capture_output=True,
                         check=True).stdout
    with tempfile.NamedTemporaryFile() as public, tempfile.NamedTemporaryFile() as signature:
        public.write(key), public.flush()
        signature.write(base64.b64decode(document["Signature"])), signature.flush()
        done = subprocess.run(["openssl", "dgst", digest, "-verify", public.name, "-signature", signature.name],
                              input=text.encode(), capture_output=True)
    return done.returncode == 0


@pytest.mark.parametrize("version", ["1", "2"])
def test_http_endpoints_get_signed_messages(sns, endpoint, version):
    topic = sns.create_topic(Name=f"signed-{version}", Attributes={"SignatureVersion": version})["TopicArn"]
    path = f"/signed/{version}"
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url(path))
    headers, body = wait_until(lambda: endpoint.of(path), what="the confirmation request")[0]
    document = json.loads(body)
    assert headers["x-amz-sns-message-type"] == document["Type"] == "SubscriptionConfirmation"
    certificate = visit(document["SigningCertURL"])
    assert verify(document, certificate)
    sns.confirm_subscription(TopicArn=topic, Token=document["Token"], AuthenticateOnUnsubscribe="true")
    endpoint.requests.clear()
    published = sns.publish(TopicArn=topic, Message="{\"a\": 1}", Subject="Order",
                            MessageAttributes={"kind": {"DataType": "String", "StringValue": "book"},
                                               "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}})
    headers, body = wait_until(lambda: endpoint.of(path), what="the message")[0]
    document = json.loads(body)
    assert verify(document, certificate)
    assert not verify({**document, "Message": "other"}, certificate)
    assert document["MessageId"] == published["MessageId"] == headers["x-amz-sns-message-id"]
    assert document["MessageAttributes"] == {"kind": {"Type": "String", "Value": "book"},
                                             "raw": {"Type": "Binary", "Value": "AP8="}}
    with pytest.raises(urllib.error.HTTPError) as refused:
        visit(document["UnsubscribeURL"])
    assert refused.value.code == 403, "only its owner may end it"
    assert headers["Content-Type"] == "text/plain; charset=UTF-8"


def test_filters_let_pass_what_they_name(sns, endpoint):
    topic = sns.create_topic(Name="filtered")["TopicArn"]
    subscribe_by_http(sns, endpoint, topic, "/books", FilterPolicy='{"kind": ["book"], "price": [{"numeric": ["<", 20]}]}',
                      RawMessageDelivery="true")
    made = subscribe_by_http(sns, endpoint, topic, "/body", FilterPolicyScope="MessageBody",
                             FilterPolicy='{"order": {"kind": ["pen"]}}', RawMessageDelivery="true")
    subscribe_by_http(sns, endpoint, topic, "/all", RawMessageDelivery="true")

    def publish(message, **attributes):
        sns.publish(TopicArn=topic, Message=message, MessageAttributes=attributes)

    text = lambda value: {"DataType": "String", "StringValue": value}
    number = lambda value: {"DataType": "Number", "StringValue": str(value)}
    publish("cheap book", kind=text("book"), price=number(12.5))
    publish("dear book", kind=text("book"), price=number(20))
    publish(json.dumps({"order": {"kind": "pen"}}))
    wait_until(lambda: len(endpoint.of("/all")) == 3, what="all messages")
    wait_until(lambda: len(endpoint.of("/books")) == 1 and len(endpoint.of("/body")) == 1, what="those that pass")
    headers, body = endpoint.of("/books")[0]
    assert body == "cheap book" and headers["x-amz-sns-rawdelivery"] == "true"
    assert json.loads(endpoint.of("/body")[0][1]) == {"order": {"kind": "pen"}}
    assert error_of(sns.set_subscription_attributes, SubscriptionArn=made, AttributeName="FilterPolicy",
                    AttributeValue='{"a": "b"}') == "InvalidParameter"


def test_an_endpoint_that_fails_is_asked_again_and_its_status_is_logged(region, sns, endpoint):
    role = region.client("iam").create_role(RoleName="feedback", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                                                 "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
    topic = sns.create_topic(Name="retried", Attributes={
        "HTTPSuccessFeedbackRoleArn": role, "HTTPFailureFeedbackRoleArn": role,
        "HTTPSuccessFeedbackSampleRate": "100"})["TopicArn"]
    policy = {"healthyRetryPolicy": {"numRetries": 3, "minDelayTarget": 1, "maxDelayTarget": 1, "numNoDelayRetries": 1}}
    made = subscribe_by_http(sns, endpoint, topic, "/shaky", DeliveryPolicy=json.dumps(policy))
    effective = json.loads(sns.get_subscription_attributes(SubscriptionArn=made)["Attributes"]["EffectiveDeliveryPolicy"])
    assert effective["healthyRetryPolicy"]["numNoDelayRetries"] == 1
    subscribe_by_http(sns, endpoint, topic, "/unwilling", DeliveryPolicy=json.dumps(policy))
    endpoint.answers = {"/shaky": [500, 503], "/unwilling": [403] * 9}
    sns.publish(TopicArn=topic, Message="again")
    wait_until(lambda: len(endpoint.of("/shaky")) == 3, what="the third attempt")
    wait_until(lambda: len(endpoint.of("/unwilling")) == 1, what="the refusal")
    assert len({json.loads(body)["MessageId"] for _, body in endpoint.of("/shaky")}) == 1
    group = "sns/us-east-1/" + topic.split(":")[4] + "/retried"

    def events(name):
        try:
            found = region.client("logs").filter_log_events(logGroupName=name)["events"]
        except ClientError:
            return []
        return [json.loads(event["message"]) for event in found]

    success = wait_until(lambda: events(group), what="the success's status")[0]
    assert (success["status"], success["delivery"]["statusCode"], success["delivery"]["attempts"]) == ("SUCCESS", 200, 3)
    failure = wait_until(lambda: events(group + "/Failure"), what="the failure's status")[0]
    assert (failure["status"], failure["delivery"]["statusCode"]) == ("FAILURE", 403)
    assert failure["delivery"]["destination"] == endpoint.url("/unwilling")
    assert len(endpoint.of("/unwilling")) == 1, "who does not want it is not asked again"
    measured = lambda name: sum_of(region, "AWS/SNS", name, {"TopicName": "retried"})
    wait_until(lambda: measured("NumberOfNotificationsDelivered") == 1, what="one delivery")
    assert (measured("NumberOfMessagesPublished"), measured("NumberOfNotificationsFailed")) == (1, 1)


@pytest.fixture(scope="module")
def function(region):
    role = region.client("iam").create_role(RoleName="told", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    functions = region.client("lambda")
    made = functions.create_function(
        FunctionName="told", Runtime="python3.11", Role=role, Handler="index.handler",
        Code={"ZipFile": package("import json\ndef handler(event, context):\n    print(json.dumps(event))\n")})
    functions.get_waiter("function_active_v2").wait(FunctionName="told")
    return made["FunctionArn"]


def told(region):
    try:
        events = region.client("logs").filter_log_events(logGroupName="/aws/lambda/told")["events"]
    except ClientError:
        return []
    return [json.loads(event["message"])["Records"][0] for event in events if event["message"].startswith("{")]


def test_an_alarm_tells_its_topic_which_tells_a_function(region, sns, function):
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    region.client("lambda").add_permission(FunctionName="told", StatementId="topic", Action="lambda:InvokeFunction",
                                           Principal="sns.amazonaws.com", SourceArn=topic)
    made = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    cloudwatch = region.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("noisy", AlarmActions=[topic]))
    cloudwatch.set_alarm_state(AlarmName="noisy", StateValue="ALARM", StateReason="to try")
    record = wait_until(lambda: told(region), what="the function's invocation")[0]
    assert record["EventSource"] == "aws:sns" and record["EventSubscriptionArn"] == made
    assert record["Sns"]["Subject"] == 'ALARM: "noisy" in US East (N. Virginia)'
    message = json.loads(record["Sns"]["Message"])
    assert (message["AlarmName"], message["NewStateValue"], message["NewStateReason"]) == ("noisy", "ALARM", "to try")
    history = wait_until(lambda: cloudwatch.describe_alarm_history(
        AlarmName="noisy", HistoryItemType="Action")["AlarmHistoryItems"], what="the action's history")
    assert history[0]["HistorySummary"] == f"Successfully executed action {topic}"


def test_who_may_publish_is_the_policys_to_say(region, sns):
    topic = sns.create_topic(Name="guarded")["TopicArn"]
    iam = region.client("iam")
    iam.create_user(UserName="writer")
    key = iam.create_access_key(UserName="writer")["AccessKey"]
    writer = region.client("sns", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    assert error_of(writer.publish, TopicArn=topic, Message="x") == "AuthorizationError"
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{topic.split(':')[4]}:user/writer"},
                 "Action": "sns:Publish", "Resource": topic}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy",
                             AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert writer.publish(TopicArn=topic, Message="x")["MessageId"]
    cloudwatch = region.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("outsider", AlarmActions=[topic]))
    cloudwatch.set_alarm_state(AlarmName="outsider", StateValue="ALARM", StateReason="to try")
    history = wait_until(lambda: cloudwatch.describe_alarm_history(
        AlarmName="outsider", HistoryItemType="Action")["AlarmHistoryItems"], what="the action's history")
    assert "AuthorizationError" in history[0]["HistorySummary"]
    sns.add_permission(TopicArn=topic, Label="all", AWSAccountId=["123456789012"], ActionName=["Publish"])
    statements = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]
    assert [each.get("Sid") for each in statements] == [None, "all"]
    sns.remove_permission(TopicArn=topic, Label="all")
    assert error_of(sns.set_topic_attributes, TopicArn=topic, AttributeName="Policy", AttributeValue="{") == "InvalidParameter"


def test_what_was_published_survives_the_daemons_death(region, sns, endpoint):
    topic = sns.create_topic(Name="durable")["TopicArn"]
    subscribe_by_http(sns, endpoint, topic, "/durable", RawMessageDelivery="true")
    for i in range(3):
        region.client("sns").publish(TopicArn=topic, Message=f"message {i}")
        region.kill()
        region.start()
    wait_until(lambda: {body for _, body in endpoint.of("/durable")} == {"message 0", "message 1", "message 2"},
               what="all three messages")


def test_batches_structures_and_mistakes(region, sns, endpoint):
    sns = region.client("sns")
    topic = sns.create_topic(Name="batch", Tags=[{"Key": "team", "Value": "a"}])["TopicArn"]
    subscribe_by_http(sns, endpoint, topic, "/batch", RawMessageDelivery="true")
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "1", "Message": "one"}, {"Id": "2", "Message": ""},
        {"Id": "3", "Message": json.dumps({"default": "x", "http": "three"}), "MessageStructure": "json"}])
    assert [each["Id"] for each in answer["Successful"]] == ["1", "3"]
    assert [(each["Id"], each["Code"]) for each in answer["Failed"]] == [("2", "InvalidParameter")]
    wait_until(lambda: {body for _, body in endpoint.of("/batch")} == {"one", "three"}, what="the two that were good")
    assert error_of(sns.publish, TopicArn=topic + "x", Message="x") == "NotFound"
    assert error_of(sns.publish, TopicArn="nonsense", Message="x") == "InvalidParameter"
    assert error_of(sns.publish, TopicArn=topic, Message="x", Subject="two\nlines") == "InvalidParameter"
    assert error_of(sns.publish, TopicArn=topic, Message="x" * 262145) == "InvalidParameter"
    for name, attribute, answer in (
            ("a", {"DataType": "Number", "StringValue": "one"}, "ParameterValueInvalid"),
            ("a", {"DataType": "String"}, "ParameterValueInvalid"),
            ("a", {"DataType": "Text", "StringValue": "one"}, "ParameterValueInvalid"),
            ("a", {"DataType": "String", "BinaryValue": b"one"}, "ParameterValueInvalid"),
            ("a..b", {"DataType": "String", "StringValue": "one"}, "ParameterValueInvalid"),
            ("a^b", {"DataType": "String", "StringValue": "one"}, "ParameterValueInvalid")):
        wrong = {name: attribute}
        assert error_of(sns.publish, TopicArn=topic, Message="x", MessageAttributes=wrong) == answer
        # One wrong attribute, and nothing of the batch is published.
        assert error_of(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[
            {"Id": "1", "Message": "never"}, {"Id": "2", "Message": "x", "MessageAttributes": wrong}]) == answer
    # Types may have labels; a group means nothing here.
    sns.publish(TopicArn=topic, Message="labelled", MessageGroupId="g", MessageAttributes={
        "a": {"DataType": "Number.int", "StringValue": "1"}, "b": {"DataType": "Binary.png", "BinaryValue": b"x"}})
    wait_until(lambda: "labelled" in {body for _, body in endpoint.of("/batch")}, what="the labelled one")
    assert error_of(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[
        {"Id": "a.b", "Message": "x"}]) == "InvalidBatchEntryId"
    assert error_of(sns.create_topic, Name="twice", Tags=[
        {"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]) == "InvalidParameter"
    assert error_of(sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="no address") == "InvalidParameter"
    assert error_of(sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:x") == "NotImplemented"
    assert error_of(sns.create_topic, Name="a.fifo") == "NotImplemented"
    for value, answer in ("0", None), ("", None), ("50", "NotImplemented"):
        attribute = {"TopicArn": topic, "AttributeName": "SQSSuccessFeedbackSampleRate", "AttributeValue": value}
        assert (error_of(sns.set_topic_attributes, **attribute) if answer else
                sns.set_topic_attributes(**attribute) and None) == answer
    assert error_of(sns.confirm_subscription, TopicArn=topic, Token="guessed") == "InvalidParameter"
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "team", "Value": "a"}]
    assert sns.create_topic(Name="batch")["TopicArn"] == topic
    told = region.aws("sns", "list-topics", "--query", "Topics[].TopicArn", "--output", "text").stdout.split()
    assert topic in told
    sns.delete_topic(TopicArn=topic)
    assert error_of(sns.get_topic_attributes, TopicArn=topic) == "NotFound"


TEMPLATE = """
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: Stack
      Subscription:
        - {Protocol: http, Endpoint: "%(inner)s"}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Topic
      Protocol: http
      Endpoint: "%(own)s"
      RawMessageDelivery: true
      FilterPolicy: {kind: [book]}
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: "sns:Publish", Resource: !Ref Topic}]
Outputs:
  Topic: {Value: !GetAtt Topic.TopicArn}
"""


def test_a_stack_has_topics(region, endpoint):
    sns, stacks = region.client("sns"), region.client("cloudformation")
    urls = {"inner": endpoint.url("/stack/inner"), "own": endpoint.url("/stack/own")}
    stacks.create_stack(StackName="topics", TemplateBody=TEMPLATE % urls)
    assert wait_until(lambda: settled(stacks, "topics"), what="the stack") == "CREATE_COMPLETE"
    topic = stacks.describe_stacks(StackName="topics")["Stacks"][0]["Outputs"][0]["OutputValue"]
    for path in ("/stack/inner", "/stack/own"):
        _, body = wait_until(lambda: endpoint.of(path), what="the confirmation request")[0]
        visit(json.loads(body)["SubscribeURL"])
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["DisplayName"] == "Stack" and "s3.amazonaws.com" in attributes["Policy"]
    endpoint.requests.clear()
    sns.publish(TopicArn=topic, Message="pen")
    wait_until(lambda: endpoint.of("/stack/inner"), what="the message")
    assert endpoint.of("/stack/own") == []
    stacks.update_stack(StackName="topics", TemplateBody=(TEMPLATE % urls).replace("[book]", "[pen]").replace(
        "DisplayName: Stack", "DisplayName: Changed"))
    assert wait_until(lambda: settled(stacks, "topics"), what="the update") == "UPDATE_COMPLETE"
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Changed"
    sns.publish(TopicArn=topic, Message="pen", MessageAttributes={"kind": {"DataType": "String", "StringValue": "pen"}})
    wait_until(lambda: endpoint.of("/stack/own"), what="the message that passes now")
    stacks.delete_stack(StackName="topics")
    stacks.get_waiter("stack_delete_complete").wait(StackName="topics", WaiterConfig={"Delay": 1})
    assert error_of(sns.get_topic_attributes, TopicArn=topic) == "NotFound"


def test_without_a_relay_there_is_no_mail():
    with new_region() as bare:
        bare.start()
        sns = bare.client("sns")
        topic = sns.create_topic(Name="x")["TopicArn"]
        with pytest.raises(ClientError) as refused:
            sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="me@example.com")
        assert refused.value.response["Error"]["Code"] == "NotImplemented" and "--mail-relay" in str(refused.value)
