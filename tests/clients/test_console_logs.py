"""What instances write reaches CloudWatch Logs, once, whatever happens to the daemon."""
import re
import time

import pytest
from conftest import wait_until
from test_instances import IMAGE, execute, state_of

GROUP = "/aws/ec2/instances"
# Counts while the daemon is killed, then waits for a word.
SCRIPT = """#!/bin/bash
echo first words
for i in $(seq 1 300); do echo "count $i"; sleep 0.01; done
printf 'bytes \\xff that are no text\\n'
until test -e /root/go; do sleep 0.05; done
echo last words
printf 'a line without an end'
sleep 1000
"""


def words_of(message):
    """Without who wrote it."""
    return re.sub(r"^cloud-init\[\d+\]: ", "", message)


def messages_of(logs, stream):
    """Nothing before the first line has made group and stream."""
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, logStreamNames=[stream])
        return [words_of(event["message"]) for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


@pytest.fixture(scope="module")
def instance(region):
    ec2 = region.client("ec2")
    image = region.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, UserData=SCRIPT)
    made = made["Instances"][0]["InstanceId"]
    wait_until(lambda: state_of(ec2, made) == "running", what="running")
    yield made
    region.client("ec2").terminate_instances(InstanceIds=[made])


def test_no_line_is_lost_or_doubled_when_the_daemon_is_killed(region, instance):
    def counted():
        return [line for line in messages_of(region.client("logs"), instance) if "count" in line]

    wait_until(counted, what="the first line")
    for _ in range(2):
        region.kill()
        region.start()
    wait_until(lambda: "count 300" in counted(), what="the last line")
    assert counted() == [f"count {i}" for i in range(1, 301)]
    wait_until(lambda: "bytes \ufffd that are no text" in messages_of(region.client("logs"), instance),
               what="the line with bytes that are no text")
    group = region.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]
    assert group["retentionInDays"] == 7


def follow(logs):
    """As `aws logs tail --follow` asks: always from the newest time it has seen on."""
    start, seen = 0, {}
    while True:
        newest = max(seen, default=start)
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, startTime=newest,
                                                                 interleaved=True)
        seen = {newest: seen.get(newest, set())}
        for event in (event for page in pages for event in page["events"]):
            ids = seen.setdefault(event["timestamp"], set())
            if event["eventId"] not in ids:
                ids.add(event["eventId"])
                yield event
        yield None


def test_followers_see_each_line_once(region, instance):
    lines, end = [], time.monotonic() + 60
    for event in follow(region.client("logs")):
        if event is None:
            assert time.monotonic() < end, lines[-3:]
            time.sleep(0.05)
            continue
        if event["logStreamName"] != instance:  # Other tests' instances are in the group too.
            continue
        lines.append(words_of(event["message"]))
        if lines[-1] == "count 300":
            execute(region, instance, "touch", "/root/go")
        if lines[-1] == "a line without an end":
            break
    assert [line for line in lines if "count" in line] == [f"count {i}" for i in range(1, 301)]
    assert lines[-2:] == ["last words", "a line without an end"]


def test_a_group_deleted_meanwhile_is_made_again(region, instance):
    logs = region.client("logs")
    logs.delete_log_group(logGroupName=GROUP)
    ec2 = region.client("ec2")
    ec2.reboot_instances(InstanceIds=[instance])
    wait_until(lambda: messages_of(logs, instance), what="output after the reboot")


def test_what_comes_too_fast_is_said_to_be_missing(region):
    ec2, logs = region.client("ec2"), region.client("logs")
    image = region.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
    script = "#!/bin/bash\nseq 1 4000000\n"
    made = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, UserData=script)
    noisy = made["Instances"][0]["InstanceId"]

    def missing():
        return [line for line in messages_of(logs, noisy) if "came too fast" in line]

    try:
        assert re.fullmatch(r"\[\d+ bytes of output came too fast and are missing here\]",
                            wait_until(missing, what="the line that says so")[0])
    finally:
        ec2.terminate_instances(InstanceIds=[noisy])
