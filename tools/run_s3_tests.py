#!/usr/bin/env python3
"""Runs Ceph's suite for S3 (github.com/ceph/s3-tests) against a region of its own.

Usage: run_s3_tests.py CHECKOUT [--binary HOLM] [--jobs N] [--only EXPRESSION] [--report FILE] [--grow]

CHECKOUT is the suite's working tree at the commit below; this Python needs its requirements.txt, pytest-timeout, and
pytest-xdist for more than one job (then tests that list all buckets of an account see those of others). Of the tests
that the suite does not mark as failing on AWS, those in tests/s3/passes.txt have to pass; tests/s3/known_failures.txt
says of each other one why it does not. --grow writes what passes now into the first. Names are never taken out of it."""
import argparse
import configparser
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMIT = "8f0ae7b404a3a2fcf7038bf1e6bf29544fe9b6a3"
FILES = ["s3tests/functional/test_s3.py", "s3tests/functional/test_headers.py"]
PASSES = ROOT / "tests" / "s3" / "passes.txt"
KNOWN = ROOT / "tests" / "s3" / "known_failures.txt"
SECONDS_MAX = 120  # Of one test.
# The suite's users by their sections; each is the administrator of an account of its own.
USERS = ["s3 main", "s3 alt", "s3 tenant", "iam", "iam root", "iam alt root"]
# Tests that wait for the days of lifecycle rules. They run against a region whose days are short, and no others: there
# x-amz-expiration would tell of those days.
SHORT_DAYS = ["test_delete_marker_expiration"]
DAY_SECONDS = 10


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class Region:
    """A started region in a folder that is removed with it."""

    def __init__(self, binary, *words):
        self.folder = tempfile.mkdtemp(prefix="holm-s3-tests-")
        self.port = free_port()
        self.log = open(pathlib.Path(self.folder, "log"), "w+", encoding="utf-8")
        self.binary = binary
        self.process = subprocess.Popen(
            [binary, "serve", "--data", self.folder, "--listen", f"127.0.0.1:{self.port}",
             "--edge", f"127.0.0.1:{free_port()}", "--new-buckets", "classic", *words],
            stdout=self.log, stderr=self.log)
        self.url = f"http://localhost:{self.port}"

    def wait(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if "holm is ready" in pathlib.Path(self.folder, "log").read_text(encoding="utf-8"):
                return
            time.sleep(0.1)
        sys.exit("The region does not start:\n" + pathlib.Path(self.folder, "log").read_text(encoding="utf-8"))

    def credentials(self):
        text = pathlib.Path(self.folder, "credentials").read_text(encoding="utf-8")
        parser = configparser.ConfigParser()
        parser.read_string(text)
        return dict(parser["default"])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        subprocess.run([self.binary, "down", "--data", self.folder], check=False, capture_output=True)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Accounts:
    """The accounts that the suite's users are in."""

    def __init__(self, region):
        import boto3  # Only here: the usage is told without it.
        self.boto3 = boto3
        self.url = region.url
        first = region.credentials()
        self.first = {"aws_access_key_id": first["aws_access_key_id"],
                      "aws_secret_access_key": first["aws_secret_access_key"]}
        self.first_account = first["aws_account_id"]
        self.client("organizations", self.first).create_organization()

    def client(self, service, keys):
        return self.boto3.client(service, endpoint_url=self.url, region_name="us-east-1", **keys)

    def add(self, name):
        """A new account's administrator for good: access key, secret."""
        status = self.client("organizations", self.first).create_account(
            Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
        role = f"arn:aws:iam::{status['AccountId']}:role/OrganizationAccountAccessRole"
        issued = self.client("sts", self.first).assume_role(RoleArn=role, RoleSessionName="setup")["Credentials"]
        session = {"aws_access_key_id": issued["AccessKeyId"], "aws_secret_access_key": issued["SecretAccessKey"],
                   "aws_session_token": issued["SessionToken"]}
        iam = self.client("iam", session)
        iam.create_user(UserName="tester")
        iam.attach_user_policy(UserName="tester", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        key = iam.create_access_key(UserName="tester")["AccessKey"]
        return status["AccountId"], key["AccessKeyId"], key["SecretAccessKey"]

    def name(self, keys, alias):
        """Gives an account the name that S3 calls it by; its canonical id."""
        self.client("iam", keys).create_account_alias(AccountAlias=alias)
        return self.client("s3", keys).list_buckets()["Owner"]["ID"]


def write_configuration(region, path):
    accounts = Accounts(region)
    config = configparser.RawConfigParser()
    config["DEFAULT"] = {"host": "localhost", "port": str(region.port), "is_secure": "False", "ssl_verify": "False"}
    config["fixtures"] = {"bucket prefix": "s3t-{random}-", "iam name prefix": "s3-tests-",
                          "iam path prefix": "/s3-tests/"}
    config["webidentity"] = {name: "none" for name in (
        "token", "aud", "sub", "azp", "user_token", "thumbprint", "KC_REALM")}
    for section in USERS:
        name = section.replace("s3 ", "").replace(" ", "-")
        if section == "s3 main":
            account, key, secret = (accounts.first_account, accounts.first["aws_access_key_id"],
                                    accounts.first["aws_secret_access_key"])
        else:
            account, key, secret = accounts.add(name)
        canonical = accounts.name({"aws_access_key_id": key, "aws_secret_access_key": secret}, name)
        config[section] = {"display_name": name, "user_id": canonical, "email": f"{name}@example.com",
                           "access_key": key, "secret_key": secret, "api_name": "eu-west-1", "tenant": account,
                           "lc_debug_interval": str(DAY_SECONDS),
                           "storage_classes": "INTELLIGENT_TIERING, GLACIER_IR"}
    kms = accounts.client("kms", accounts.first)
    for option in ("kms_keyid", "kms_keyid2"):
        config["s3 main"][option] = kms.create_key()["KeyMetadata"]["Arn"]
    with open(path, "w", encoding="utf-8") as file:
        config.write(file)


def run_suite(checkout, configuration, report, jobs, only):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short",
               f"--timeout={SECONDS_MAX}", "-m", "not fails_on_aws", f"--junit-xml={report}", *FILES]
    if jobs > 1:
        command += ["-n", str(jobs)]
    if only:
        command += ["-k", only]
    environment = dict(os.environ, S3TEST_CONF=str(configuration), AWS_EC2_METADATA_DISABLED="true")
    environment.pop("AWS_ENDPOINT_URL", None)
    subprocess.run(command, cwd=checkout, env=environment, check=False)


def read_report(report):
    """Names that passed, and the others with the first line of why."""
    passed, failed = set(), {}
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        name = case.get("name")
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        if bad:
            failed[name] = (bad[0].get("message") or bad[0].tag).splitlines()[0]
        else:
            passed.add(name)
    return passed - failed.keys(), failed


def read_passes():
    return set(PASSES.read_text(encoding="utf-8").split()) if PASSES.exists() else set()


def read_known():
    known = {}
    for line in KNOWN.read_text(encoding="utf-8").splitlines() if KNOWN.exists() else []:
        if line and not line.startswith("#"):
            name, _, reason = line.partition(": ")
            known[name] = reason
    return known


def compare(passed, failed, is_whole):
    """The number of names that are not as the lists say."""
    expected, known = read_passes(), read_known()
    broken = sorted((expected & failed.keys()) if not is_whole else expected - passed)
    new = sorted(passed - expected)
    unexplained = sorted(name for name in failed if name not in known and name not in expected)
    for title, names in (("Passed before", broken), ("Pass now (--grow writes them down)", new),
                         ("Fail without a reason in known_failures.txt", unexplained)):
        if names:
            print(f"{title}: {len(names)}")
            for name in names:
                print(f"  {name}  {failed.get(name, '')}"[:200])
    print(f"{len(passed)} passed, {len(failed)} failed; {len(expected)} have to pass.")
    return len(broken) + len(unexplained)


def run(arguments, only, words, report):
    """What passed and what failed, against a region of its own."""
    region = Region(arguments.binary, *words)
    try:
        region.wait()
        configuration = pathlib.Path(region.folder, "s3tests.conf")
        write_configuration(region, configuration)
        report = report.resolve() if report else pathlib.Path(region.folder, "report.xml")
        run_suite(arguments.checkout, configuration, report, arguments.jobs, only)
        return read_report(report)
    finally:
        region.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=pathlib.Path)
    parser.add_argument("--binary", default=os.environ.get("HOLM_BINARY", str(ROOT / "build" / "release" / "holm")))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--grow", action="store_true")
    arguments = parser.parse_args()
    head = subprocess.run(["git", "-C", arguments.checkout, "rev-parse", "HEAD"], capture_output=True, text=True,
                          check=False).stdout.strip()
    if head != COMMIT:
        sys.exit(f"{arguments.checkout} is at {head or 'no commit'}; the lists are about {COMMIT}.")
    chosen = f"({arguments.only}) and " if arguments.only else ""
    few = " or ".join(SHORT_DAYS)
    passed, failed = run(arguments, f"{chosen}not ({few})", [], arguments.report)
    if not arguments.only or any(name in arguments.only for name in SHORT_DAYS):
        more_passed, more_failed = run(arguments, few, ["--lifecycle-day", str(DAY_SECONDS)], None)
        passed, failed = passed | more_passed, {**failed, **more_failed}
    wrong = compare(passed, failed, is_whole=not arguments.only)
    if arguments.grow:
        PASSES.write_text("\n".join(sorted(read_passes() | passed)) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
