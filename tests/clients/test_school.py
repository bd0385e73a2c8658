"""The school as its users meet it: brought up by its own script, used in a real browser, hurt, and taken down."""
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

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


class SecureVisitor:
    """Asks at the HTTPS address, trusting the region's own authority."""

    def __init__(self, school):
        address = urllib.parse.urlsplit(school.url)
        self.name, self.port = address.hostname, address.port
        told = subprocess.run(school.region.command("env", "--ca"), check=True, capture_output=True, text=True)
        self.trust = ssl.create_default_context(cadata=told.stdout)

    def ask(self, method, path, document=None, **headers):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection = http.client.HTTPConnection(self.name, self.port)
        connection.sock = self.trust.wrap_socket(plain, server_hostname=self.name)
        connection.request(method, path, json.dumps(document) if document else None,
                           {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer, answer.read().decode()


def test_over_https_plain_http_leads_there_and_a_portrait_finds_its_way(school, photo):
    plain = school.url
    school.up(SCHOOL_HTTPS="on")
    assert school.url.startswith("https://")
    moved = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"{plain}/login"],
                           capture_output=True, text=True, timeout=20)
    assert moved.stdout == f"301 {school.url}/login"
    visitor = SecureVisitor(school)
    assert visitor.ask("GET", "/login")[0].status == 200
    for path in ("/internal/photo-done", "/.git/config", "/.env"):
        answer, text = visitor.ask("GET", path)
        assert (answer.status, text) == (404, "There is nothing here."), path
    answer, _ = visitor.ask("POST", "/api/v1/sessions", {"login": "editor", "password": school.password})
    cookie = answer.getheader("Set-Cookie")
    assert "; Secure" in cookie
    signed_in = {"Cookie": cookie.split(";")[0], "Origin": school.url}
    me = json.loads(visitor.ask("GET", "/api/v1/me", **signed_in)[1])
    signed_in["X-CSRF-Token"] = me["csrf_token"]
    year = next(each["path"].split("/")[2] for each in me["menu"] if each["path"].startswith("/yearbook/"))
    entries = json.loads(visitor.ask("GET", f"/api/v1/yearbook/{year}/entries", **signed_in)[1])
    entry = f"/api/v1/yearbook/{year}/entries/{entries[-1]['student']}"
    picture = photo.read_bytes()
    permit = json.loads(visitor.ask("POST", f"{entry}/photo", {"content_type": "image/jpeg", "content_length": len(picture)},
                                    **signed_in)[1])
    sent = subprocess.run(["curl", "-sS", "-f", "-T", str(photo), "-H", "Content-Type: image/jpeg", "-H", f"Origin: {school.url}",
                           "-D", "-", permit["upload_url"]], capture_output=True, text=True, timeout=60)
    assert sent.returncode == 0 and f"access-control-allow-origin: {school.url}" in sent.stdout.lower(), sent
    visitor.ask("POST", f"{entry}/photo/uploaded", {"key": permit["key"]}, **signed_in)
    wait_until(lambda: json.loads(visitor.ask("GET", entry, **signed_in)[1])["state"] == "ready", what="the copy")
    school.up()
    assert school.url == plain and school.get("/login")[0] == 200


def test_up_again_changes_nothing_and_down_and_up_finds_everything(school):
    assert "nothing changed" in school.up()
    down = school.region.down()
    assert (down.returncode, down.stderr) == (0, "")
    assert str(school.region.data) not in pathlib.Path("/proc/mounts").read_text()
    before = school.url
    school.up()
    assert school.url == before
    assert school.get("/login")[0] == 200
