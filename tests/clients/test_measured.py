"""What the region measures of instances, load balancers and databases is what they did."""
import datetime

import pytest
from conftest import wait_until
from test_metrics import now
from web import Web, ask

# A minute ends, its measures are read, and the next one as well.
MINUTES = 200


class Measured(Web):
    def __init__(self, region):
        super().__init__(region, 83)
        self.cloudwatch = region.client("cloudwatch")
        self.balancer, self.name = self.load_balancer("measured")
        self.group = self.target_group("measured")
        self.listener(self.balancer, {"Type": "forward", "TargetGroupArn": self.group})
        self.server = self.run_server(self.subnets[0])
        self.elb.register_targets(TargetGroupArn=self.group, Targets=[{"Id": self.server}])
        made = self.ec2.run_instances(ImageId=self.image(), InstanceType="t3.micro", MinCount=2, MaxCount=2,
                                      SubnetId=self.subnets[1], Monitoring={"Enabled": True})
        self.busy, self.idle = [each["InstanceId"] for each in made["Instances"]]
        self.rds = region.client("rds")
        self.rds.create_db_subnet_group(DBSubnetGroupName="measured", DBSubnetGroupDescription="measured",
                                        SubnetIds=self.subnets)
        self.rds.create_db_instance(
            DBInstanceIdentifier="measured", Engine="mysql", DBInstanceClass="db.t4g.micro", AllocatedStorage=20,
            MasterUsername="owner", MasterUserPassword="a-long-word", DBSubnetGroupName="measured")

    def use_classic(self):
        """Ten requests through a Classic Load Balancer before the same server, and some before it has any."""
        classic = self.region.client("elb")
        name = classic.create_load_balancer(
            LoadBalancerName="measured", Subnets=self.subnets[:2], SecurityGroups=[self.balancer_group],
            Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 8080}])["DNSName"]
        classic.configure_health_check(LoadBalancerName="measured", HealthCheck={
            "Target": "TCP:8080", "Interval": 5, "Timeout": 2, "UnhealthyThreshold": 2, "HealthyThreshold": 2})
        wait_until(lambda: ask(self.region, name).status == 503, what="a load balancer without instances")
        classic.register_instances_with_load_balancer(LoadBalancerName="measured",
                                                      Instances=[{"InstanceId": self.server}])
        wait_until(lambda: ask(self.region, name, "/slow?for=0.1").status == 200, what="the page")
        assert {ask(self.region, name).status for _ in range(9)} == {200}

    def values(self, space, name, dimensions, stat):
        """By minute, oldest first."""
        metric = {"Namespace": space, "MetricName": name,
                  "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]}
        found = self.cloudwatch.get_metric_data(
            StartTime=now() - datetime.timedelta(minutes=10), EndTime=now() + datetime.timedelta(minutes=1),
            ScanBy="TimestampAscending",
            MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}])
        return found["MetricDataResults"][0]["Values"]

    def of_instance(self, instance, name, stat="Average"):
        return self.values("AWS/EC2", name, {"InstanceId": instance}, stat)

    def of_balancer(self, name, stat="Sum", **more):
        own = {"LoadBalancer": self.balancer.partition(":loadbalancer/")[2]}
        return self.values("AWS/ApplicationELB", name, {**own, **more}, stat)

    def of_group(self, name, stat="Sum"):
        return self.of_balancer(name, stat, TargetGroup=self.group.rpartition(":")[2])


@pytest.fixture(scope="module")
def measured(region):
    made = Measured(region)
    wait_until(lambda: made.states(made.group) == ["healthy"], what="a healthy target")
    made.use_classic()
    yield made
    region.client("elb").delete_load_balancer(LoadBalancerName="measured")
    made.elb.delete_load_balancer(LoadBalancerArn=made.balancer)
    made.elb.delete_target_group(TargetGroupArn=made.group)
    made.rds.delete_db_instance(DBInstanceIdentifier="measured", SkipFinalSnapshot=True)
    made.ec2.terminate_instances(InstanceIds=[made.server, made.busy, made.idle])


def test_requests_are_counted_and_timed(measured):
    for path in ["/"] * 7 + ["/slow?for=0.3"] * 2:
        assert ask(measured.region, measured.name, path).status == 200
    measured.execute(measured.server, "sh", "-c", "echo 404 > /root/health")
    assert ask(measured.region, measured.name, "/health").status == 404
    measured.execute(measured.server, "rm", "/root/health")
    wait_until(lambda: sum(measured.of_balancer("RequestCount")) == 10, seconds=MINUTES, what="ten requests")
    assert sum(measured.of_balancer("HTTPCode_Target_2XX_Count")) == 9
    assert sum(measured.of_balancer("HTTPCode_Target_4XX_Count")) == 1
    assert measured.of_balancer("HTTPCode_Target_5XX_Count") == []
    assert sum(measured.of_group("RequestCount")) == 10
    assert sum(measured.of_group("RequestCountPerTarget")) == 10
    assert sum(measured.of_balancer("TargetResponseTime", "SampleCount")) == 10
    assert 0.3 <= max(measured.of_balancer("TargetResponseTime", "p99")) < 2
    assert min(measured.of_balancer("TargetResponseTime", "Minimum")) < 0.3
    assert measured.of_group("HealthyHostCount", "Maximum")[-1] == 1
    assert sum(measured.of_balancer("NewConnectionCount")) >= 2
    assert max(measured.of_balancer("ActiveConnectionCount", "Maximum")) >= 1
    assert sum(measured.of_balancer("ProcessedBytes")) > 1000
    assert measured.of_balancer("RuleEvaluations") == [], "there is the default only"
    assert measured.of_balancer("RejectedConnectionCount") == []
    found = measured.ec2.describe_instances(InstanceIds=[measured.server])["Reservations"][0]["Instances"][0]
    zone = {"AvailabilityZone": found["Placement"]["AvailabilityZone"]}
    group = {"TargetGroup": measured.group.rpartition(":")[2]}
    assert sum(measured.of_balancer("RequestCount", **zone)) == 10, "of the zone that its only target is in"
    assert sum(measured.of_balancer("HTTPCode_Target_2XX_Count", **zone, **group)) == 9
    assert measured.of_balancer("HealthyHostCount", "Maximum", **zone, **group)[-1] == 1
    assert measured.of_balancer("RuleEvaluations", **zone) == []
    # Of a unit's 3000 connections a minute, a few; of its hour, a minute.
    assert 1 / 3000 / 60 <= max(measured.of_balancer("ConsumedLCUs", "Maximum")) < 1 / 60


def test_a_classic_load_balancer_counts_too(measured):
    def values(name, stat="Sum"):
        return measured.values("AWS/ELB", name, {"LoadBalancerName": "measured"}, stat)

    wait_until(lambda: sum(values("RequestCount")) == 10, seconds=MINUTES, what="ten requests")
    assert sum(values("HTTPCode_Backend_2XX")) == 10 and sum(values("HTTPCode_ELB_5XX")) >= 1
    assert sum(values("Latency", "SampleCount")) == 10 and 0.1 <= max(values("Latency", "Maximum")) < 2
    wait_until(lambda: max(values("HealthyHostCount", "Maximum")) == 1, seconds=MINUTES, what="a healthy host")
    assert values("HTTPCode_Backend_5XX") == values("BackendConnectionErrors") == []


def test_an_unhealthy_host_is_counted(measured):
    measured.execute(measured.server, "sh", "-c", "echo 500 > /root/health")
    wait_until(lambda: measured.of_group("UnHealthyHostCount", "Maximum")[-1:] == [1], seconds=MINUTES,
               what="an unhealthy host")
    measured.execute(measured.server, "rm", "/root/health")
    wait_until(lambda: measured.of_group("HealthyHostCount", "Minimum")[-1:] == [1], seconds=MINUTES,
               what="a healthy host")


def test_an_instance_that_burns_its_processors_is_seen_to(measured):
    found = measured.ec2.describe_instances(InstanceIds=[measured.busy])["Reservations"][0]["Instances"][0]
    assert found["Monitoring"]["State"] == "enabled"
    measured.execute(measured.busy, "sh", "-c", "for i in 1 2; do (while :; do :; done) >/dev/null 2>&1 & done")

    def is_busy():
        seen = measured.of_instance(measured.busy, "CPUUtilization")
        return seen and seen[-1] > 20

    wait_until(is_busy, seconds=MINUTES, what="a busy instance")
    assert measured.of_instance(measured.idle, "CPUUtilization")[-1] < 20
    assert sum(measured.of_instance(measured.idle, "NetworkPacketsOut", "Sum")) > 0
    together = measured.values("AWS/EC2", "CPUUtilization", {"InstanceType": "t3.micro"}, "SampleCount")
    assert 2 in together, "both instances with detailed monitoring"


def test_monitoring_is_switched(measured):
    answer = measured.ec2.unmonitor_instances(InstanceIds=[measured.idle])["InstanceMonitorings"]
    assert answer == [{"InstanceId": measured.idle, "Monitoring": {"State": "disabling"}}]
    asked = {"Filters": [{"Name": "monitoring-state", "Values": ["enabled"]}]}
    states = [each["InstanceId"] for page in measured.ec2.describe_instances(**asked)["Reservations"]
              for each in page["Instances"]]
    assert measured.busy in states and measured.idle not in states
    measured.ec2.monitor_instances(InstanceIds=[measured.idle])
    with pytest.raises(measured.ec2.exceptions.ClientError) as unknown:
        measured.ec2.monitor_instances(InstanceIds=["i-0123456789abcdef0"])
    assert unknown.value.response["Error"]["Code"] == "InvalidInstanceID.NotFound"



def test_a_database_is_measured(measured):
    def values(name):
        return measured.values("AWS/RDS", name, {"DBInstanceIdentifier": "measured"}, "Average")

    wait_until(lambda: values("CPUUtilization"), seconds=MINUTES, what="a measured database")
    assert 0 <= values("CPUUtilization")[-1] <= 100
    assert values("DatabaseConnections")[-1] == 0, "the one that asks is not counted"
    assert 0 < values("FreeableMemory")[-1] < 1 << 30
    assert values("FreeStorageSpace")[-1] > 1 << 30
    assert values("WriteIOPS")[-1] >= 0 and values("NetworkReceiveThroughput")[-1] >= 0
