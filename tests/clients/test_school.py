"""The school as its users meet it: brought up by its own script, used in a real browser, hurt, and taken down."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest
from conftest import ROOT, wait_until
from school import School, take_portrait

SCREENSHOTS = os.environ.get("SCREENSHOTS", "")


@pytest.fixture(scope="module")
def school():
    folder = tempfile.mkdtemp(prefix="holm-school-")
    made = School(folder)
    try:
        made.told = made.up()
        yield made
    finally:
        down = made.region.down()
        shutil.rmtree(folder, ignore_errors=True)
        assert (down.returncode, down.stderr) == (0, "")


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    return take_portrait(tmp_path_factory.mktemp("photo") / "portrait.jpg")


def test_up_tells_each_resource_the_address_and_a_login(school):
    assert re.search(r"created +Database +AWS::RDS::DBCluster", school.told)
    assert "The stack school was created" in school.told
    assert "Log in as admin, office, teacher, editor or pupil." in school.told
    status, page = school.get("/login")
    assert status == 200 and "password" in page


def test_what_the_clients_show_is_what_runs(school):
    region = school.region
    aws = lambda *words: region.aws(*words, "--output", "text").stdout.strip()
    running = aws("ec2", "describe-instances", "--query", "Reservations[].Instances[?State.Name=='running'][].InstanceId")
    assert len(running.split()) == 2
    wait_until(lambda: sorted(school.targets().values()) == ["healthy"] * 2, what="two healthy targets")
    assert set(running.split()) == set(school.targets())
    assert school.outputs()["Bucket"] in aws("s3", "ls")
    group = "AutoScalingGroups[0].Instances[].[LifecycleState,HealthStatus]"
    assert aws("autoscaling", "describe-auto-scaling-groups", "--query", group).split() == ["InService", "Healthy"] * 2
    cluster = aws("rds", "describe-db-clusters", "--query", "DBClusters[0].[Status,Engine,Endpoint]").split()
    assert cluster == ["available", "aurora-mysql", school.outputs()["ClusterEndpoint"]]
    events = aws("cloudformation", "describe-stack-events", "--stack-name", "school", "--query",
                 "StackEvents[0].[LogicalResourceId,ResourceStatus]")
    assert events.split() == ["school", "CREATE_COMPLETE"]


def test_the_cluster_endpoint_leads_to_the_database_from_inside_an_instance(school):
    settings = dict(line.split("=", 1) for line in
                    (school.region.data / "secrets" / "school").read_text().splitlines())
    query = f"MYSQL_PWD='{settings['DbPassword']}' mysql -h {school.outputs()['ClusterEndpoint']} -u school -N ebdb" \
            " -e 'SELECT COUNT(*) FROM student_enrolment; SELECT VERSION()'"
    result = subprocess.run(school.region.command("exec", next(iter(school.targets())), "--", "sh", "-c", query),
                            capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    pupils, version = result.stdout.split()
    assert int(pupils) == 120 and "MariaDB" in version


def test_a_browser_signs_in_uploads_and_sees_the_copy(school, photo):
    environment = dict(os.environ, SCHOOL_URL=school.url, SCHOOL_PASSWORD=school.password, PHOTO=str(photo),
                       SCREENSHOTS=SCREENSHOTS)
    result = subprocess.run([sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider",
                             str(ROOT / "apps" / "school" / "test" / "browser_test.py")],
                            env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-3000:] + "\n".join(function_lines(school))
    assert any("done: source/yearbook/" in line for line in function_lines(school))


def function_lines(school):
    """What the photo function wrote to its log."""
    logs = school.region.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    return [event["message"] for group in groups
            for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]]


def test_a_killed_program_is_taken_out_and_its_instance_replaced(school):
    wait_until(lambda: sorted(school.targets().values()) == ["healthy"] * 2, what="two healthy targets")
    victim = next(iter(school.targets()))
    kill = "systemctl stop school 2>/dev/null || pkill -x school"
    killed = subprocess.run(school.region.command("exec", victim, "--", "sh", "-c", kill), capture_output=True, text=True)
    assert killed.returncode == 0, killed.stderr
    wait_until(lambda: school.targets().get(victim) != "healthy", what="the dead target is out")
    for _ in range(20):
        assert school.get("/healthz")[0] == 200
    replaced = lambda: victim not in school.targets() and sorted(school.targets().values()) == ["healthy"] * 2
    wait_until(replaced, seconds=120, what="the instance is replaced")


def test_a_killed_database_engine_comes_back_on_its_data(school):
    engine = next(path for path in pathlib.Path("/proc").iterdir()
                  if path.name.isdigit() and is_engine_of(path, school.region))
    os.kill(int(engine.name), 9)
    wait_until(lambda: not engine.exists(), what="the engine's end")
    wait_until(lambda: school.get("/readyz")[0] == 200, seconds=60, what="the page with its database")


def is_engine_of(process, region):
    """Whether it is the database engine of this region's school."""
    try:
        if (process / "comm").read_text().strip() != "mariadbd":
            return False
        return str(region.data) in (process / "mountinfo").read_text()
    except OSError:
        return False


def test_up_again_changes_nothing_and_down_and_up_finds_everything(school):
    assert "nothing changed" in school.up()
    down = school.region.down()
    assert (down.returncode, down.stderr) == (0, "")
    assert str(school.region.data) not in pathlib.Path("/proc/mounts").read_text()
    before = school.url
    school.up()
    assert school.url == before
    assert school.get("/login")[0] == 200
