#!/usr/bin/env python3
"""A drill that anyone can run: a small site behind a load balancer is hurt in every way, under load all the while.

Usage: drill.py [--rate 200] [--output build/drill] [--only instance,process,zone,refresh,peak] [--tracking] [--no-kill]

An instance dies, a program dies, a zone fails and comes back, a new template is rolled out, the load becomes ten times
as large; then all of it again, with the daemon killed meanwhile. The report (report.txt) has times and requests,
timeline.svg shows all of it. Ends with 1 when a goal was missed."""
import argparse
import base64
import collections
import datetime
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "clients"))
sys.path.insert(0, str(HERE))
from botocore.exceptions import BotoCoreError, ClientError  # noqa: E402
from conftest import Region, wait_until  # noqa: E402
from timeline import BAD, GOOD, PALE, WARM, Picture  # noqa: E402
from web import ZONES, Web  # noqa: E402

GROUP = "drill"
DETECTION_MAX, REPLACEMENT_MAX = 12, 10  # Seconds: the goals.
TIMES_TEN = 10
UNBEGUN = "0 NotBegun"  # Of steady.py.
UNBEGUN_MAX = 0.01  # Of all requests: then it was another drill.
# An answer of a hundred bytes costs an instance almost nothing, so that the machine has room for the load itself.
SERVER = """#!/bin/sh
cat > /root/server.py <<'END'
import asyncio, socket
body = (socket.gethostname() + " VERSION\\n").encode()
answer = b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body

class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.read = transport, b""
    def data_received(self, data):
        self.read += data
        while b"\\r\\n\\r\\n" in self.read:
            self.read = self.read.partition(b"\\r\\n\\r\\n")[2]
            self.transport.write(answer)

async def main():
    server = await asyncio.get_running_loop().create_server(Server, "", 8080, backlog=1024)
    await server.serve_forever()
asyncio.run(main())
END
exec /usr/bin/python3 -S /root/server.py
"""


class Site(Web):
    """Two to six instances over three zones, with the health settings of a demonstration."""

    def __init__(self, region, rate, tracking):
        super().__init__(region, 95)
        self.cloudwatch = region.client("cloudwatch")
        self.balancer, self.name = self.load_balancer("drill")
        self.targets = self.target_group("drill")
        self.elb.modify_target_group_attributes(TargetGroupArn=self.targets, Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": "15"}])
        self.listener(self.balancer, {"Type": "forward", "TargetGroupArn": self.targets})
        self.template = self.launch_template("drill", SERVER.replace("VERSION", "one"))
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName=GROUP, MinSize=3, MaxSize=6, VPCZoneIdentifier=",".join(self.subnets),
            LaunchTemplate={"LaunchTemplateId": self.template, "Version": "$Latest"}, TargetGroupARNs=[self.targets],
            HealthCheckType="ELB", HealthCheckGracePeriod=10, DefaultInstanceWarmup=10, DefaultCooldown=10)
        # A minute of requests that each instance is to have; ordinary load is well below.
        self.threshold = rate * 60 / 3 * 2.5
        self.add_policies(tracking, rate)

    def add_policies(self, tracking, rate):
        if tracking:
            label = self.balancer.partition(":loadbalancer/")[2] + "/" + self.targets.rpartition(":")[2]
            self.scaling.put_scaling_policy(
                AutoScalingGroupName=GROUP, PolicyName="track", PolicyType="TargetTrackingScaling",
                TargetTrackingConfiguration={"TargetValue": self.threshold, "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}})
            return
        grow = self.scaling.put_scaling_policy(
            AutoScalingGroupName=GROUP, PolicyName="grow", PolicyType="StepScaling", AdjustmentType="ChangeInCapacity",
            StepAdjustments=[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 3}])["PolicyARN"]
        shrink = self.scaling.put_scaling_policy(
            AutoScalingGroupName=GROUP, PolicyName="shrink", PolicyType="StepScaling", AdjustmentType="ExactCapacity",
            StepAdjustments=[{"MetricIntervalUpperBound": 0, "ScalingAdjustment": 3}])["PolicyARN"]
        for name, comparison, threshold, policy in [
                ("drill-high", "GreaterThanThreshold", self.threshold, grow),
                ("drill-low", "LessThanThreshold", rate * 60 / 3 * 1.5, shrink)]:
            self.cloudwatch.put_metric_alarm(
                AlarmName=name, Namespace="AWS/ApplicationELB", MetricName="RequestCountPerTarget", Statistic="Sum",
                Dimensions=[{"Name": "TargetGroup", "Value": self.targets.rpartition(":")[2]}], Period=60,
                EvaluationPeriods=1, Threshold=threshold, ComparisonOperator=comparison, AlarmActions=[policy])

    def group(self):
        return self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0]

    def healthy(self):
        return {each for each, (state, _) in self.health(self.targets).items() if state == "healthy"}

    def serving(self):
        """Instance → zone, of those in service in the eyes of the group and of the load balancer."""
        healthy = self.healthy()
        return {each["InstanceId"]: each["AvailabilityZone"] for each in self.group()["Instances"]
                if each["LifecycleState"] == "InService" and each["InstanceId"] in healthy}

    def is_whole(self):
        group = self.group()
        return len(self.serving()) == group["DesiredCapacity"] == len(group["Instances"])

    def process_of(self, instance):
        """The first process of an instance, as the machine has it."""
        for line in subprocess.run(self.region.command("status"), capture_output=True, text=True).stdout.splitlines():
            words = line.split()
            if words and words[0].endswith(instance) and "process" in line:
                return int(words[-1].rstrip(")"))
        sys.exit(f"holm status does not name {instance}")


class Load:
    """The program that asks, and what it has written."""

    def __init__(self, region, host, rate, folder):
        self.path = folder / "requests.txt"
        self.program = subprocess.Popen([sys.executable, str(HERE / "steady.py"), str(region.edge_port), host, "/",
                                         str(rate), str(self.path)], stdin=subprocess.PIPE, text=True)

    def set_rate(self, rate):
        self.program.stdin.write(f"{rate}\n")
        self.program.stdin.flush()

    def end(self):
        self.program.stdin.close()
        self.program.wait(60)

    def requests(self):
        """(begun, ended, has it failed, how)."""
        for line in self.path.read_text().splitlines():
            words = line.split()
            if len(words) == 4:
                yield float(words[0]), float(words[1]), not 200 <= int(words[2]) < 400, f"{words[2]} {words[3]}"


class Watcher(threading.Thread):
    """Looks every half second at what the time line shows."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.over, self.samples, self.alarms = site, threading.Event(), [], []
        clients = Web.__new__(Web)  # Clients are not shared between threads.
        clients.region, clients.elb = site.region, site.region.client("elbv2")
        self.elb, self.scaling, self.cloudwatch = clients, site.region.client("autoscaling"), site.region.client("cloudwatch")

    def run(self):
        while not self.over.wait(0.5):
            try:
                group = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0]
                healthy = sum(state == "healthy" for state in self.elb.states(self.site.targets))
                alarms = {each["AlarmName"]: each["StateValue"] for each in self.cloudwatch.describe_alarms()["MetricAlarms"]}
            except (BotoCoreError, ClientError, OSError):
                continue  # The daemon is dead for a moment.
            now = time.monotonic()
            self.samples.append((now, group["DesiredCapacity"], healthy))
            self.alarms.append((now, alarms))

    def end(self):
        self.over.set()
        self.join()


class Phase:
    """One blow: what was done when, and what it cost."""

    def __init__(self, name, begun):
        self.name, self.begun, self.ended = name, begun, None
        self.detected = self.replaced = None
        self.notes = []


class Drill:
    def __init__(self, options):
        self.options = options
        self.output = pathlib.Path(options.output)
        self.output.mkdir(parents=True, exist_ok=True)
        self.region = Region(tempfile.mkdtemp(prefix="holm-drill-"))
        self.phases, self.moments = [], []

    def say(self, words):
        print(f"{time.monotonic() - self.start:7.1f} s  {words}", flush=True)

    def mark(self, words):
        self.moments.append((time.monotonic(), words))
        self.say(words)

    def begin(self, name):
        self.wait_for(self.site.is_whole, 180, "a whole group")
        time.sleep(2)
        phase = Phase(name, time.monotonic())
        self.phases.append(phase)
        self.mark(name)
        return phase

    @staticmethod
    def quietly(condition):
        """A dead daemon is no answer yet."""
        def ask():
            try:
                return condition()
            except (BotoCoreError, ClientError, OSError):
                return False
        return ask

    def kill_daemon(self):
        self.region.kill()
        self.mark("daemon killed")
        self.region.start_only()
        self.mark("daemon back")

    def explain(self):
        """What there is, when what was waited for does not happen."""
        group = self.site.group()
        print("desired", group["DesiredCapacity"], "healthy", sorted(self.site.healthy()))
        for each in group["Instances"]:
            print(" ", each["InstanceId"], each["AvailabilityZone"], each["LifecycleState"], each["HealthStatus"])
        for instance, state in self.site.health(self.site.targets).items():
            print("  target", instance, *state)
        for each in self.site.scaling.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"][:8]:
            print(" ", each["StartTime"], each["StatusCode"], each["Description"], each["Cause"],
                  each.get("StatusMessage", ""))

    def wait_for(self, condition, seconds, what):
        try:
            wait_until(self.quietly(condition), seconds=seconds, what=what)
        except AssertionError:
            self.explain()
            raise

    def watch(self, phase, victims, kills_daemon):
        """Until the victims get no requests any more, then until others have taken their place."""
        if kills_daemon:
            self.kill_daemon()
        self.wait_for(lambda: not victims & self.site.healthy(), 90, "detection")
        phase.detected = time.monotonic()
        self.say(f"detected after {phase.detected - phase.begun:.1f} s")
        self.wait_for(lambda: not victims & set(self.site.serving()) and
                      len(self.site.serving()) >= self.site.group()["DesiredCapacity"], 180, "replacement")
        phase.replaced = time.monotonic()
        self.say(f"replaced {phase.replaced - phase.detected:.1f} s later")
        time.sleep(5)
        phase.ended = time.monotonic()

    def instance_dies(self, kills_daemon=False):
        victim = sorted(self.site.serving())[0]
        process = self.site.process_of(victim)
        phase = self.begin("instance dies" + ", daemon killed" * kills_daemon)
        os.kill(process, signal.SIGKILL)
        self.watch(phase, {victim}, kills_daemon)

    def program_dies(self, kills_daemon=False):
        victim = sorted(self.site.serving())[0]
        phase = self.begin("program dies" + ", daemon killed" * kills_daemon)
        self.site.kill_server(victim)
        self.watch(phase, {victim}, kills_daemon)

    def zone_fails(self, kills_daemon=False):
        victims = {each for each, zone in self.site.serving().items() if zone == ZONES[0]}
        phase = self.begin("zone fails" + ", daemon killed" * kills_daemon)
        subprocess.run(self.region.command("fault", "az", ZONES[0], "down"), check=True, capture_output=True)
        self.watch(phase, victims, kills_daemon)
        back = self.begin("zone is back")
        subprocess.run(self.region.command("fault", "az", ZONES[0], "up"), check=True, capture_output=True)

        def is_balanced():
            counts = collections.Counter(self.site.serving().values())
            return {counts[zone] for zone in ZONES} == {1} and self.site.is_whole()

        self.wait_for(is_balanced, 120, "balance")
        back.replaced = back.ended = time.monotonic()
        back.notes.append(f"one in each zone again after {back.ended - back.begun:.1f} s")
        self.say(back.notes[0])

    def template_changes(self, kills_daemon=False):
        """Instance refresh: the one operation here that a daemon without it refuses by name."""
        data = base64.b64encode(SERVER.replace("VERSION", "three" if kills_daemon else "two").encode()).decode()
        phase = self.begin("new template, refresh" + ", daemon killed" * kills_daemon)
        self.site.ec2.create_launch_template_version(LaunchTemplateId=self.site.template, SourceVersion="1",
                                                     LaunchTemplateData={"UserData": data})
        old = set(self.site.serving())
        try:
            self.site.scaling.start_instance_refresh(
                AutoScalingGroupName=GROUP, Preferences={"MinHealthyPercentage": 100, "InstanceWarmup": 10})
        except ClientError as error:
            phase.ended = time.monotonic()
            phase.notes.append(f"not done: {error.response['Error']['Message']}")
            return self.say(phase.notes[0])
        if kills_daemon:
            self.wait_for(lambda: set(self.site.serving()) - old, 120, "the first new instance")
            self.kill_daemon()
        scaling = self.site.scaling
        wait_until(self.quietly(lambda: scaling.describe_instance_refreshes(AutoScalingGroupName=GROUP)[
            "InstanceRefreshes"][0]["Status"] == "Successful"), seconds=300, what="the refresh")
        self.wait_for(lambda: not old & set(self.site.serving()), 30, "new instances only")
        phase.ended = time.monotonic()
        phase.notes.append(f"{len(old)} instances replaced in {phase.ended - phase.begun:.1f} s")
        return self.say(phase.notes[0])

    def load_rises(self, kills_daemon=False):
        phase = self.begin(f"load x {TIMES_TEN}" + ", daemon killed" * kills_daemon)
        self.load.set_rate(self.options.rate * TIMES_TEN)
        capacity = len(self.site.serving())
        if kills_daemon:
            time.sleep(10)
            self.kill_daemon()
        self.wait_for(lambda: len(self.site.serving()) > capacity, 400, "a larger group")
        grown = time.monotonic()
        phase.notes.append(f"more in service after {grown - phase.begun:.0f} s")
        time.sleep(max(0.0, phase.begun + self.options.peak_seconds - time.monotonic()))
        self.load.set_rate(self.options.rate)
        self.mark("load as before")
        calm = time.monotonic()
        self.wait_for(lambda: self.site.group()["DesiredCapacity"] == capacity and self.site.is_whole(), 1300,
                      "a smaller group")
        phase.ended = time.monotonic()
        phase.notes.append(f"back to {capacity} {phase.ended - calm:.0f} s after the load ended")
        self.say("; ".join(phase.notes))

    def run(self):
        self.start = time.monotonic()
        self.wall = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=0)
        self.region.start()
        try:
            self.site = Site(self.region, self.options.rate, self.options.tracking)
            wait_until(self.site.is_whole, seconds=120, what="the site")
            self.say(f"the site is up: http://{self.site.name}:{self.region.edge_port}/")
            self.load = Load(self.region, self.site.name, self.options.rate, self.output)
            self.watcher = Watcher(self.site)
            self.watcher.start()
            self.play()
            time.sleep(2)
            self.over = time.monotonic()
            self.load.end()
            self.watcher.end()
            self.activities = self.site.scaling.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"]
            self.metric = self.read_metric()
            return self.report()
        finally:
            self.region.end()

    def play(self):
        blows = {"instance": self.instance_dies, "process": self.program_dies, "zone": self.zone_fails,
                 "refresh": self.template_changes, "peak": self.load_rises}
        for kills_daemon in (False,) if self.options.no_kill else (False, True):
            for name in blows:
                if name in self.options.only.split(","):
                    blows[name](kills_daemon)

    def read_metric(self):
        found = self.site.cloudwatch.get_metric_statistics(
            Namespace="AWS/ApplicationELB", MetricName="RequestCountPerTarget", Statistics=["Sum"], Period=60,
            Dimensions=[{"Name": "TargetGroup", "Value": self.site.targets.rpartition(":")[2]}],
            StartTime=self.wall - datetime.timedelta(minutes=1),
            EndTime=self.wall + datetime.timedelta(seconds=self.over - self.start + 60))
        return sorted((self.seconds(each["Timestamp"]), each["Sum"]) for each in found["Datapoints"])

    def seconds(self, stamp):
        return (stamp - self.wall).total_seconds()

    def report(self):
        requests = [each for each in self.load.requests() if each[3] != UNBEGUN]
        lines, missed = [], []
        for phase in self.phases:
            during = [each for each in requests if phase.begun <= each[0] < (phase.ended or self.over)]
            failed = [each for each in during if each[2]]
            late = [each for each in failed if phase.detected and each[0] >= phase.detected]
            line = f"{phase.name:32} {len(during):6} requests, {len(failed)} failed"
            if phase.detected:
                detection, replacement = phase.detected - phase.begun, phase.replaced - phase.detected
                line += f", {len(late)} of them begun after detection; detected {detection:.1f} s, replaced {replacement:.1f} s later"
                if detection > DETECTION_MAX or replacement > REPLACEMENT_MAX or late:
                    missed.append(phase.name)
            if failed:
                line += "; " + ", ".join(f"{how}: {count}" for how, count in collections.Counter(each[3] for each in failed).items())
            lines.append("; ".join([line, *phase.notes]))
        times = sorted(ended - begun for begun, ended, has_failed, _ in requests if not has_failed)
        percentile = {p: 1000 * times[int(len(times) * p / 100)] for p in (50, 99)} if times else {}
        unbegun = sum(how == UNBEGUN for _, _, _, how in self.load.requests())
        if unbegun:
            lines += ["", f"{unbegun} requests could not be begun in time: the machine has no room for the load itself"]
            missed += ["the load"] if unbegun > UNBEGUN_MAX * (len(requests) + unbegun) else []
        lines += ["", f"{len(requests)} requests in all, {sum(each[2] for each in requests)} failed; answered in "
                  + ", ".join(f"{value:.1f} ms (p{p})" for p, value in percentile.items()),
                  f"Goals: detected in {DETECTION_MAX} s, replaced {REPLACEMENT_MAX} s later, no request failed that was "
                  f"begun after detection. " + (f"Missed: {'; '.join(missed)}." if missed else "All met.")]
        text = "\n".join(lines) + "\n"
        (self.output / "report.txt").write_text(text)
        (self.output / "timeline.svg").write_text(self.picture(requests))
        print("\n" + text + f"{self.output}/report.txt, {self.output}/timeline.svg")
        return 1 if missed else 0

    def picture(self, requests):
        picture = Picture(f"Drill: {self.options.rate:g} requests a second", self.over - self.start)
        since = lambda moment: moment - self.start  # noqa: E731
        answered, failed = collections.Counter(), collections.Counter()
        for begun, _, has_failed, _ in requests:
            (failed if has_failed else answered)[int(since(begun))] += 1
        picture.bars("requests\nanswered, a second", answered, GOOD)
        picture.bars("requests\nfailed, a second", failed, BAD, 46)
        samples = self.watcher.samples
        picture.steps("capacity", {"healthy targets": (GOOD, [(since(at), healthy) for at, _, healthy in samples]),
                                   "desired": (WARM, [(since(at), desired) for at, desired, _ in samples])})
        picture.steps("RequestCountPerTarget\na minute", {"": (GOOD, self.metric)}, threshold=self.site.threshold)
        for name in sorted({name for _, alarms in self.watcher.alarms for name in alarms}):
            picture.bands("alarm\n" + name[:22], self.alarm_bands(name))
        picture.bands("activities", [
            (self.seconds(each["StartTime"]), self.seconds(each.get("EndTime", each["StartTime"])),
             GOOD if each["Description"].startswith("Launching") else WARM, each["Description"] + ": " + each["Cause"])
            for each in self.activities])
        picture.marks([(since(at), words) for at, words in self.moments])
        picture.axis()
        return picture.svg()

    def alarm_bands(self, name):
        colors = {"ALARM": BAD, "OK": GOOD, "INSUFFICIENT_DATA": PALE}
        bands = []
        for at, alarms in self.watcher.alarms:
            state = alarms.get(name, "INSUFFICIENT_DATA")
            moment = at - self.start
            if bands and bands[-1][3] == state:
                bands[-1] = (bands[-1][0], moment, *bands[-1][2:])
            else:
                bands.append((moment, moment, colors[state], state))
        return bands


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--output", default="build/drill")
    parser.add_argument("--only", default="instance,process,zone,refresh,peak")
    parser.add_argument("--peak-seconds", type=float, default=180)
    parser.add_argument("--tracking", action="store_true", help="target tracking, whose alarms wait 3 and 15 minutes as AWS's")
    parser.add_argument("--no-kill", action="store_true", help="without the second round")
    return Drill(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
