"""Database clusters are real servers: reached by name, killed and back on their data, kept as snapshots."""
import os
import pathlib
import subprocess
import threading

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from web import Web, watch

PASSWORD = "a-long-word-of-the-master"


class Shop(Web):
    def __init__(self, region):
        super().__init__(region, 83)
        self.rds = region.client("rds")
        self.database_group = self.security_group("database")
        self.ec2.authorize_security_group_ingress(GroupId=self.database_group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306,
             "UserIdGroupPairs": [{"GroupId": self.server_group}]}])
        self.rds.create_db_subnet_group(DBSubnetGroupName="shop", DBSubnetGroupDescription="shop",
                                        SubnetIds=self.subnets)
        self.inside = self.run_server(self.subnets[0], "#!/bin/sh\n")

    def start_clients(self):
        """Those of the region, when its daemon was started again."""
        self.rds = self.region.client("rds")

    def create_cluster(self, name):
        self.rds.create_db_cluster(
            DBClusterIdentifier=name, Engine="aurora-mysql", MasterUsername="owner", MasterUserPassword=PASSWORD,
            DatabaseName="shop", DBSubnetGroupName="shop", VpcSecurityGroupIds=[self.database_group])

    def create_writer(self, cluster, name):
        self.rds.create_db_instance(DBInstanceIdentifier=name, DBClusterIdentifier=cluster, Engine="aurora-mysql",
                                    DBInstanceClass="db.t4g.medium")

    def cluster(self, name="main"):
        return self.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]

    def instance(self, name="writer"):
        return self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def status(self, name="writer"):
        return self.instance(name)["DBInstanceStatus"]

    def available(self, name="writer"):
        wait_until(lambda: self.status(name) == "available", seconds=60, what=f"{name} is available")

    def sql(self, statement, host=None, password=PASSWORD, inside=None, timeout=30):
        """The mysql client inside an instance."""
        command = ["env", f"MYSQL_PWD={password}", "mysql", "-h", host or self.cluster()["Endpoint"], "-u", "owner",
                   "--connect-timeout=3", "-N", "shop", "-e", statement]
        return subprocess.run(self.region.command("exec", inside or self.inside, "--", *command),
                              capture_output=True, text=True, timeout=timeout)

    def rows(self, statement, **options):
        result = self.sql(statement, **options)
        assert result.returncode == 0, result.stderr
        return result.stdout.split()

    def engine(self):
        """The process of the engine; there is one in this region."""
        found = [int(path.name) for path in pathlib.Path("/proc").iterdir() if path.name.isdigit() and self.is_engine(path)]
        assert len(found) == 1
        return found[0]

    def is_engine(self, process):
        try:
            return (process / "comm").read_text().strip() == "mariadbd" \
                and str(self.region.data) in (process / "mountinfo").read_text()
        except OSError:
            return False

    def kill_engine(self):
        engine = self.engine()
        os.kill(engine, 9)
        wait_until(lambda: not pathlib.Path(f"/proc/{engine}").exists(), what="the engine's end")
        return engine

    def events(self, source):
        found = self.rds.describe_events(SourceIdentifier=source, SourceType="db-instance")["Events"]
        return [each["Message"] for each in found]


@pytest.fixture(scope="module")
def shop(region):
    made = Shop(region)
    yield made
    made.ec2.terminate_instances(InstanceIds=[made.inside])


def test_a_cluster_and_its_writer_become_available(shop):
    shop.create_cluster("main")
    shop.create_writer("main", "writer")
    seen = watch(shop.status, lambda now: now == "available", what="the writer is available")
    assert seen == ["creating", "available"]
    wait_until(lambda: shop.cluster()["Status"] == "available", what="the cluster is available")
    assert shop.cluster()["DBClusterMembers"] == [
        {"DBInstanceIdentifier": "writer", "IsClusterWriter": True, "PromotionTier": 1}]
    assert "MasterUserPassword" not in shop.cluster()
    shop.region.aws("rds", "wait", "db-instance-available", "--db-instance-identifier", "writer")
    told = shop.region.aws("rds", "describe-db-clusters", "--query", "DBClusters[].[DBClusterIdentifier,Status,Engine,Endpoint]",
                           "--output", "text").stdout.split()
    assert told == ["main", "available", "aurora-mysql", shop.cluster()["Endpoint"]]


def test_its_names_lead_to_it_for_those_who_may(shop):
    assert shop.rows("SELECT 6 * 7") == ["42"]
    for name in (shop.cluster()["ReaderEndpoint"], shop.instance()["Endpoint"]["Address"]):
        assert shop.rows("SELECT 6 * 7", host=name) == ["42"]
    refused = shop.sql("SELECT 1", password="a-wrong-one")
    assert refused.returncode == 1 and "Access denied" in refused.stderr

    stranger = shop.ec2.run_instances(ImageId=shop.image(), InstanceType="t3.nano", MinCount=1, MaxCount=1,
                                      SubnetId=shop.subnets[1])["Instances"][0]["InstanceId"]
    try:
        wait_until(lambda: shop.execute(stranger, "true").returncode == 0, what="the stranger")
        unreached = shop.sql("SELECT 1", inside=stranger)
        assert unreached.returncode == 1 and "Can't connect" in unreached.stderr
    finally:
        shop.ec2.terminate_instances(InstanceIds=[stranger])


def test_a_killed_engine_is_back_with_every_row_it_acknowledged(shop):
    shop.rows("CREATE TABLE entry (number INT PRIMARY KEY)")
    endpoint = shop.cluster()["Endpoint"]
    # Each number is printed when its commit was acknowledged.
    script = f"""seq 1 1000000 | sed 's/.*/INSERT INTO entry VALUES (&); SELECT &;/' |
        MYSQL_PWD={PASSWORD} mysql -h {endpoint} -u owner -N -n shop"""
    told = []
    writer = threading.Thread(target=lambda: told.append(shop.execute(shop.inside, "sh", "-c", script)))
    before = shop.engine()
    writer.start()
    wait_until(lambda: int(shop.rows("SELECT COUNT(*) FROM entry")[0]) > 20, what="some rows")
    shop.kill_engine()
    writer.join()
    acknowledged = [int(each) for each in told[0].stdout.split()]
    assert told[0].returncode == 1 and acknowledged, "it was killed in the middle"

    wait_until(lambda: shop.sql("SELECT 1").returncode == 0, seconds=60, what="the engine is back")
    shop.available()
    kept = [int(each) for each in shop.rows("SELECT number FROM entry ORDER BY number")]
    assert kept[:len(acknowledged)] == acknowledged
    assert len(kept) <= len(acknowledged) + 1, "at most the one under way is kept as well"
    assert shop.cluster()["Endpoint"] == endpoint
    assert shop.engine() != before
    assert "The database engine has ended and is being restarted." in shop.events("writer")
    assert shop.events("writer")[-1] == "DB instance restarted"


def test_the_engine_serves_while_the_daemon_is_dead(shop):
    before, address = shop.engine(), shop.cluster()["Endpoint"]
    shop.rows("CREATE TABLE while_dead (step INT PRIMARY KEY)")
    told = []
    steps = "INSERT INTO while_dead VALUES (1); SELECT SLEEP(4); INSERT INTO while_dead VALUES (2)"
    session = threading.Thread(target=lambda: told.append(shop.sql(steps)))
    session.start()
    wait_until(lambda: shop.rows("SELECT step FROM while_dead") == ["1"], what="the first step")
    shop.region.kill()
    shop.region.start()
    shop.start_clients()
    assert shop.status() == "available"
    session.join()
    assert told[0].returncode == 0, told[0].stderr
    assert shop.engine() == before, "it was adopted and not started again"
    assert shop.cluster()["Endpoint"] == address
    assert shop.rows("SELECT step FROM while_dead ORDER BY step") == ["1", "2"]


def test_an_engine_that_dies_without_a_daemon_is_started_by_the_next(shop):
    shop.region.kill()
    shop.kill_engine()
    shop.region.start()
    shop.start_clients()
    wait_until(lambda: shop.sql("SELECT 1").returncode == 0, seconds=60, what="the engine is back")
    shop.available()
    assert shop.rows("SELECT COUNT(*) FROM while_dead") == ["2"]


def test_a_cluster_goes_to_a_snapshot_and_comes_back(shop):
    with pytest.raises(ClientError, match="InvalidDBClusterStateFault"):
        shop.rds.delete_db_cluster(DBClusterIdentifier="main", SkipFinalSnapshot=True)
    shop.rds.delete_db_instance(DBInstanceIdentifier="writer", SkipFinalSnapshot=True)
    gone = lambda: not shop.rds.describe_db_instances()["DBInstances"]
    wait_until(gone, what="the end of the writer")
    shop.rds.delete_db_cluster(DBClusterIdentifier="main", FinalDBSnapshotIdentifier="last")
    wait_until(lambda: not shop.rds.describe_db_clusters()["DBClusters"], what="the end of the cluster")
    snapshot = shop.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="last")["DBClusterSnapshots"][0]
    assert (snapshot["Status"], snapshot["DBClusterIdentifier"]) == ("available", "main")

    shop.rds.restore_db_cluster_from_snapshot(DBClusterIdentifier="again", SnapshotIdentifier="last",
                                              Engine="aurora-mysql", DBSubnetGroupName="shop",
                                              VpcSecurityGroupIds=[shop.database_group])
    shop.create_writer("again", "second")
    shop.available("second")
    assert shop.rows("SELECT COUNT(*) FROM while_dead", host=shop.cluster("again")["Endpoint"]) == ["2"]
    shop.rds.delete_db_instance(DBInstanceIdentifier="second", SkipFinalSnapshot=True)
    shop.rds.delete_db_cluster(DBClusterIdentifier="again", SkipFinalSnapshot=True)
    wait_until(lambda: not shop.rds.describe_db_clusters()["DBClusters"], what="the end of the second cluster")
    shop.rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="last")
    assert not shop.rds.describe_db_cluster_snapshots()["DBClusterSnapshots"]
    shop.rds.delete_db_subnet_group(DBSubnetGroupName="shop")
