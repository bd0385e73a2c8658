#!/usr/bin/env python3
"""Measures five hundred instances at once and the control loop. Usage: bench/compute.py [many|loop]

What holm itself takes for an instance stands beside what the processes in it take, what reading their metrics costs
beside the processor's whole minute, and the loop's time beside the waiting that was asked for."""
import base64
import datetime
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from region import IMAGE, cpu_seconds, new_region, resident_mib, wait_until  # noqa: E402 (adds the path of leaks)
from leaks import own_processes, read  # noqa: E402

INSTANCES = 500
AT_ONCE = 100
INTERVAL, HEALTHY = 5, 2  # Of the loop's target group: seconds between checks, and how many of them.
PERIOD = 10  # Of its alarm.


def kernel_mib():
    """What the kernel keeps and cannot give back: namespaces, mounts, networks, stacks, page tables."""
    parts = ("SUnreclaim:", "KernelStack:", "PageTables:", "Percpu:", "VmallocUsed:")
    lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith(parts))


def processes_in(region):
    """What the processes of all instances hold, each its share of what it shares, in MiB."""
    holms = {region.process.pid, anchor_of(region)}
    total = 0
    for process in own_processes(region.data):
        if process.pid in holms:
            continue
        for line in read(f"{process.folder}/smaps_rollup").splitlines():
            total += int(line.split()[1]) / 1024 if line.startswith("Pss:") else 0
    if total == 0:
        raise RuntimeError("no process of an instance was found")
    return total


def anchor_of(region):
    for path in pathlib.Path("/proc").iterdir():
        try:
            words = (path / "cmdline").read_bytes().split(b"\0") if path.name.isdigit() else []
        except OSError:
            continue
        if b"anchor" in words and str(region.data).encode() in words:
            return int(path.name)
    return 0


def run_many(ec2):
    """Ids of the instances, and the seconds until all of them ran."""
    begin, ids = time.monotonic(), []
    while len(ids) < INSTANCES:
        made = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.nano", MinCount=AT_ONCE, MaxCount=AT_ONCE,
                                 Monitoring={"Enabled": True})["Instances"]
        ids += [each["InstanceId"] for each in made]
    for first in range(0, len(ids), AT_ONCE):
        part = ids[first:first + AT_ONCE]
        wait_until(lambda: len(ec2.describe_instance_status(InstanceIds=part)["InstanceStatuses"]) == len(part),
                   seconds=120, what="instances run")
    return ids, time.monotonic() - begin


def cpu_around_the_minute(region):
    """The daemon's processor seconds in the twenty around a minute's end, and in as many without one."""
    def over_twenty(start_second):
        while int(time.time()) % 60 != start_second:
            time.sleep(0.05)
        before = cpu_seconds(region.process.pid)
        time.sleep(20)
        return cpu_seconds(region.process.pid) - before

    return over_twenty(50), over_twenty(20)


def bench_many(region):
    ec2 = region.client("ec2")
    anchor = anchor_of(region)
    own = resident_mib(region.process.pid) + resident_mib(anchor)
    kernel = kernel_mib()
    ids, seconds = run_many(ec2)
    time.sleep(5)
    grown = resident_mib(region.process.pid) + resident_mib(anchor) - own
    inside, kept = processes_in(region), kernel_mib() - kernel
    around, without = cpu_around_the_minute(region)
    print(f"{INSTANCES} instances run after {seconds:.1f} s; each takes {1024 * grown / INSTANCES:.0f} KiB of holm's "
          f"processes and {1024 * kept / INSTANCES:.0f} KiB of the kernel's, beside the "
          f"{1024 * inside / INSTANCES:.0f} KiB of its own processes; reading their metrics takes "
          f"{1000 * max(0, around - without):.0f} ms of a core every minute ({max(0, around - without) / 0.6:.2f} %)")
    for first in range(0, len(ids), AT_ONCE):
        ec2.terminate_instances(InstanceIds=ids[first:first + AT_ONCE])


def make_loop(region):
    """A group of one behind a load balancer, and a policy that adds one when an alarm says so."""
    ec2, elb, scaling = (region.client(name) for name in ("ec2", "elbv2", "autoscaling"))
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    target = elb.create_target_group(
        Name="loop", Protocol="HTTP", Port=80, VpcId=vpc, HealthCheckIntervalSeconds=INTERVAL,
        HealthyThresholdCount=HEALTHY, HealthCheckTimeoutSeconds=2)["TargetGroups"][0]["TargetGroupArn"]
    balancer = elb.create_load_balancer(Name="loop", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80,
                        DefaultActions=[{"Type": "forward", "TargetGroupArn": target}])
    data = base64.b64encode(b"#!/bin/sh\ncd /tmp; exec python3 -m http.server 80").decode()
    ec2.create_launch_template(LaunchTemplateName="loop", LaunchTemplateData={
        "ImageId": IMAGE, "InstanceType": "t3.nano", "UserData": data})
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="loop", MinSize=1, MaxSize=3, VPCZoneIdentifier=",".join(subnets),
        LaunchTemplate={"LaunchTemplateName": "loop"}, TargetGroupARNs=[target])
    policy = scaling.put_scaling_policy(
        AutoScalingGroupName="loop", PolicyName="more", PolicyType="SimpleScaling", Cooldown=1,
        AdjustmentType="ExactCapacity", ScalingAdjustment=2)["PolicyARN"]
    region.client("cloudwatch").put_metric_alarm(
        AlarmName="loop", Namespace="Loop", MetricName="Load", Statistic="Maximum", Period=PERIOD,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", AlarmActions=[policy])
    return elb, target


def bench_loop(region):
    elb, target = make_loop(region)

    def healthy():
        told = elb.describe_target_health(TargetGroupArn=target)["TargetHealthDescriptions"]
        return sum(each["TargetHealth"]["State"] == "healthy" for each in told)

    wait_until(lambda: healthy() == 1, seconds=60, what="the first target is healthy")
    # The value is measured at the end of a period, whose end is then what everything waits for.
    while int(time.time()) % PERIOD != PERIOD - 1:
        time.sleep(0.01)
    region.client("cloudwatch").put_metric_data(Namespace="Loop", MetricData=[
        {"MetricName": "Load", "Value": 5, "StorageResolution": 1,
         "Timestamp": datetime.datetime.now(datetime.timezone.utc)}])
    end = (int(time.time()) // PERIOD + 1) * PERIOD
    wait_until(lambda: healthy() == 2, seconds=120, what="another target is healthy")
    took, asked = time.time() - end, INTERVAL * HEALTHY
    print(f"from the end of a breached period to another healthy target {took:.1f} s; the health settings ask for "
          f"up to {asked} s of it, so {max(0, took - asked):.1f} s beyond them")


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else "all"
    with new_region() as region:
        region.start()
        if what in ("loop", "all"):
            bench_loop(region)
        if what in ("many", "all"):
            bench_many(region)


if __name__ == "__main__":
    main()
