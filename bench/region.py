#!/usr/bin/env python3
"""Measures a region: start, memory, signed calls a second, instances. Usage: bench/region.py [api|start|compute]

Every figure stands beside what the machine gives at all, measured in the same run."""
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "clients"))
import botocore.auth  # noqa: E402
import botocore.awsrequest  # noqa: E402
import botocore.credentials  # noqa: E402
from conftest import HOLM, new_region, wait_until  # noqa: E402

SECONDS = 5
IMAGE = "ami-0de8b1a12a0000012"


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def signed_headers(region):
    """One signed request is good for fifteen minutes, so it can be sent again and again."""
    url = f"http://127.0.0.1:{region.port}/"
    body = "Action=GetCallerIdentity&Version=2011-06-15"
    request = botocore.awsrequest.AWSRequest("POST", url, data=body, headers={
        "Content-Type": "application/x-www-form-urlencoded"})
    keys = botocore.credentials.Credentials(region.environment["AWS_ACCESS_KEY_ID"],
                                            region.environment["AWS_SECRET_ACCESS_KEY"])
    botocore.auth.SigV4Auth(keys, "sts", "us-east-1").add_auth(request)
    return url, body, dict(request.headers)


def load(region, headers):
    """Requests a second and processor microseconds a request, by wrk."""
    url, body, _ = signed_headers(region)
    script = tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False)
    lines = [f'wrk.method = "POST"\nwrk.body = "{body}"']
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    script.write("\n".join(lines))
    script.close()
    before, start = cpu_seconds(region.process.pid), time.monotonic()
    output = subprocess.run(["wrk", "-t1", "-c32", f"-d{SECONDS}s", "-s", script.name, url],
                            capture_output=True, text=True, check=True).stdout
    used, elapsed = cpu_seconds(region.process.pid) - before, time.monotonic() - start
    os.unlink(script.name)
    rate = float(next(line for line in output.splitlines() if "Requests/sec" in line).split()[1])
    failed = [line for line in output.splitlines() if "Non-2xx" in line]
    return rate, used / (rate * elapsed) * 1e6, bool(failed)


def bench_api(region):
    _, _, headers = signed_headers(region)
    rate, micros, failed = load(region, headers)
    assert not failed, "signed calls were refused"
    wire, wire_micros, _ = load(region, {"Content-Type": "application/x-www-form-urlencoded"})
    print(f"sts:GetCallerIdentity, signed, 32 connections: {rate:.0f}/s, {micros:.0f} us CPU each; "
          f"refused at the door: {wire:.0f}/s, {wire_micros:.0f} us; ratio {rate / wire:.2f}")


def raw_start():
    """A process that does nothing: what exec and the dynamic linker take."""
    begin = time.monotonic()
    subprocess.run([str(HOLM), "help"], check=True, capture_output=True)
    return (time.monotonic() - begin) * 1000


def timed_start(region):
    begin = time.monotonic()
    region.start_only()
    return (time.monotonic() - begin) * 1000


def deploy_site(region):
    """What the next daemon has to adopt: a load balancer before ten instances, a bucket, a parameter."""
    ec2, elb = region.client("ec2"), region.client("elbv2")
    ids = [each["InstanceId"] for each in ec2.run_instances(
        ImageId=IMAGE, InstanceType="t3.nano", MinCount=10, MaxCount=10,
        UserData="#!/bin/sh\ncd /tmp; exec python3 -m http.server 80")["Instances"]]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    balancer = elb.create_load_balancer(Name="site", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(Name="site", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0][
        "TargetGroupArn"]
    wait_until(lambda: len(ec2.describe_instance_status(InstanceIds=ids)["InstanceStatuses"]) == 10)
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": each} for each in ids])
    elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80,
                        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}])
    region.client("s3").create_bucket(Bucket="site")
    region.client("ssm").put_parameter(Name="/site", Value="up", Type="String")


def bench_start():
    first, later, adopting, raw = [], [], [], []
    for _ in range(9):
        with new_region() as region:
            raw.append(raw_start())
            first.append(timed_start(region))
            memory = resident_mib(region.process.pid)
            region.down()
            later.append(timed_start(region))
    with new_region() as region:
        region.start()
        deploy_site(region)
        for _ in range(9):
            region.kill()
            adopting.append(timed_start(region))
    size = HOLM.stat().st_size / 1e6

    def shown(times):
        return f"{statistics.median(times):.0f} ms (best {min(times):.0f})"
    print(f"exec to ready, median of 9: first start {shown(first)}, later with nothing running {shown(later)}, "
          f"after kill -9 adopting ten instances behind a load balancer {shown(adopting)}; "
          f"a process that does nothing {shown(raw)}; idle {memory:.1f} MiB; binary {size:.1f} MB")


def first_byte(region, ec2):
    begin = time.monotonic()
    made = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.nano", MinCount=1, MaxCount=1,
                             UserData="#!/bin/sh\necho up")["Instances"][0]["InstanceId"]
    path = region.data / "logs" / "instances" / f"{made}.log"
    while not (path.exists() and path.stat().st_size):
        time.sleep(0.0005)
    return made, (time.monotonic() - begin) * 1000


def bench_compute(region):
    ec2 = region.client("ec2")
    ec2.terminate_instances(InstanceIds=[first_byte(region, ec2)[0]])
    results = [first_byte(region, ec2) for _ in range(20)]
    ec2.terminate_instances(InstanceIds=[made for made, _ in results])
    begin = time.monotonic()
    subprocess.run(["/bin/sh", "-c", "echo up"], check=True, capture_output=True)
    raw = (time.monotonic() - begin) * 1000
    begin = time.monotonic()
    made = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.nano", MinCount=100, MaxCount=100)["Instances"]
    ids = [each["InstanceId"] for each in made]
    while True:
        statuses = ec2.describe_instance_status(InstanceIds=ids[:100])["InstanceStatuses"]
        if len(statuses) == 100:
            break
        time.sleep(0.02)
    hundred = time.monotonic() - begin
    ec2.terminate_instances(InstanceIds=ids)
    print(f"RunInstances to the first byte from inside, median of 20: {statistics.median(ms for _, ms in results):.0f} ms "
          f"(a process that is no instance: {raw:.1f} ms); 100 instances running after {hundred:.1f} s")


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else "all"
    if what in ("start", "all"):
        bench_start()
    if what in ("api", "compute", "all"):
        with new_region() as region:
            region.start()
            if what in ("api", "all"):
                bench_api(region)
            if what in ("compute", "all"):
                bench_compute(region)


if __name__ == "__main__":
    main()
