#!/usr/bin/python3
"""What a stack's instance has of CloudFormation: cfn-init, cfn-signal, cfn-get-metadata and cfn-hup.

One program with four names. It speaks to the region as the instance itself (its identity credentials), which may
learn of its own resource and signal it, and nothing else.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-helper-scripts-reference.html
"""

import argparse
import base64
import configparser
import datetime
import grp
import hashlib
import hmac
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree
import zipfile

METADATA = "http://169.254.169.254/latest/"
API = os.environ.get("AWS_ENDPOINT_URL_CLOUDFORMATION") or os.environ.get("AWS_ENDPOINT_URL") or "http://holm.internal:4566"
LOG = "/var/log/cfn-init.log"
TRIES = 5
SOURCE_BYTES_MAX = 1 << 30


class Problem(Exception):
    """A sentence for whoever reads the log; the program ends with code 1."""


# ---- The region


def fetch(url, method="GET", headers=None, body=None, seconds=10):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=seconds) as answer:
        return answer.read(SOURCE_BYTES_MAX)


def patiently(work):
    """The region may be starting again: what failed on the way is tried again, what it refused is not."""
    for attempt in range(TRIES):
        try:
            return work()
        except urllib.error.HTTPError as refused:
            if refused.code < 500 or attempt + 1 == TRIES:
                raise Problem(words_of(refused)) from refused
        except OSError as error:
            if attempt + 1 == TRIES:
                raise Problem(f"The region cannot be reached: {error}") from error
        time.sleep(0.5 * 2**attempt)


def words_of(refused):
    text = refused.read(1 << 16).decode(errors="replace")
    said = re.search(r"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", text, re.S)
    return ": ".join(said.groups()) if said else f"{refused.code} {refused.reason}"


def of_instance(path):
    token = fetch(METADATA + "api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}).decode()
    return fetch(METADATA + path, headers={"X-aws-ec2-metadata-token": token}).decode()


def signed_headers(url, region, body, credentials):
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    host = urllib.parse.urlsplit(url).netloc
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "host": host, "x-amz-date": now,
               "x-amz-security-token": credentials["Token"]}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{now[:8]}/{region}/cloudformation/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = ("AWS4" + credentials["SecretAccessKey"]).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={credentials['AccessKeyId']}/{scope}, "
                                f"SignedHeaders={names}, Signature={signature}")
    return headers


def call(options, action, **parameters):
    credentials = json.loads(of_instance(
        "meta-data/identity-credentials/ec2/security-credentials/ec2-instance"))
    region = options.region or of_instance("meta-data/placement/region")
    url = (options.url or API).rstrip("/") + "/"
    body = urllib.parse.urlencode({"Action": action, "Version": "2010-05-15", **parameters}).encode()
    return fetch(url, "POST", signed_headers(url, region, body, credentials), body)


def metadata_of(options):
    answer = patiently(lambda: call(options, "DescribeStackResource", StackName=options.stack,
                                    LogicalResourceId=options.resource))
    for element in xml.etree.ElementTree.fromstring(answer).iter():
        if element.tag.endswith("}Metadata") or element.tag == "Metadata":
            return json.loads(element.text or "{}")
    return {}


# ---- What happens to the machine


def log(text):
    line = f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S} {text}"
    with open(LOG, "a", encoding="utf-8") as file:
        file.write(line + "\n")
    if log.is_verbose:
        print(line, flush=True)


log.is_verbose = False


def run(command, **more):
    is_shell = isinstance(command, str)
    done = subprocess.run(command, shell=is_shell, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, check=False, **more)
    output = done.stdout.decode(errors="replace").strip()
    log(f"{command if is_shell else ' '.join(command)}: code {done.returncode}" + (f"\n{output}" if output else ""))
    return done.returncode


def must_run(command, what):
    if run(command, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive")) != 0:
        raise Problem(f"{what} failed; {LOG} says how.")


def mapping(value, what):
    if not isinstance(value, dict):
        raise Problem(f"{what} is no map of names.")
    return value


def apply_packages(packages):
    changed = {"apt": set(), "python": set()}
    for manager, wanted in mapping(packages, "packages").items():
        named = [name + (f"={version[0]}" if version else "")
                 for name, version in ((n, v if isinstance(v, list) else [v] if v else [])
                                       for n, v in mapping(wanted, "packages " + manager).items())]
        if manager == "apt":
            must_run(["apt-get", "-q", "update"], "apt-get update")
            must_run(["apt-get", "-q", "-y", "install", "--", *named], "Installing packages")
        elif manager == "python":
            must_run([sys.executable, "-m", "pip", "install", "--break-system-packages",
                      *(name.replace("=", "==") for name in named)], "Installing Python packages")
        else:
            raise Problem(f"Packages of {manager}: this machine's image has apt and python.")
        changed[manager] |= set(wanted)
    return changed


def apply_groups(groups):
    for name, settings in mapping(groups, "groups").items():
        if any(group.gr_name == name for group in grp.getgrall()):
            continue
        number = ["-g", str(settings["gid"])] if settings and "gid" in settings else []
        must_run(["groupadd", *number, name], f"Making the group {name}")


def apply_users(users):
    for name, settings in mapping(users, "users").items():
        if any(user.pw_name == name for user in pwd.getpwall()):
            continue
        command = ["useradd", "-M", "-r", "-s", "/sbin/nologin"]
        if settings.get("homeDir"):
            command += ["-d", settings["homeDir"]]
        if settings.get("uid"):
            command += ["-u", str(settings["uid"])]
        if settings.get("groups"):
            command += ["-G", ",".join(settings["groups"])]
        must_run([*command, name], f"Making the user {name}")


def apply_sources(sources):
    for folder, url in sorted(mapping(sources, "sources").items()):
        os.makedirs(folder, exist_ok=True)
        with tempfile.NamedTemporaryFile() as archive:
            archive.write(patiently(lambda url=url: fetch(url, seconds=300)))
            archive.flush()
            if zipfile.is_zipfile(archive.name):
                zipfile.ZipFile(archive.name).extractall(folder)
            else:
                must_run(["tar", "-xf", archive.name, "-C", folder], f"Unpacking {url}")
        log(f"{folder}: from {url}")
    return set(sources)


def content_of(path, settings):
    if "source" in settings:
        return patiently(lambda: fetch(settings["source"], seconds=300))
    content = settings.get("content", "")
    if not isinstance(content, str):
        return json.dumps(content, indent=4).encode()
    for name, value in settings.get("context", {}).items():
        content = re.sub(r"\{\{\{?\s*" + re.escape(name) + r"\s*\}?\}\}", lambda _, value=value: str(value), content)
    if settings.get("encoding", "plain") == "base64":
        return base64.b64decode(content)
    if settings.get("encoding", "plain") != "plain":
        raise Problem(f"{path}: the encoding {settings['encoding']} is neither plain nor base64.")
    return content.encode()


def write_new(path, content, mode, owner, group):
    """Whole under its name or not at all; whether anything changed."""
    had = None
    if os.path.isfile(path):
        with open(path, "rb") as file:
            had = file.read()
    handle, beside = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.chmod(beside, mode)
    shutil.chown(beside, owner, group)
    os.rename(beside, path)
    return had != content


def apply_files(files):
    changed = set()
    for path, settings in sorted(mapping(files, "files").items()):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        mode = int(str(settings.get("mode", "000644")), 8)
        if mode & 0o170000 == 0o120000:
            if os.path.lexists(path):
                os.remove(path)
            os.symlink(settings["content"], path)
            changed.add(path)
            continue
        owner, group = settings.get("owner", "root"), settings.get("group", "root")
        if write_new(path, content_of(path, settings), mode & 0o7777, owner, group):
            changed.add(path)
        log(f"{path}: written")
    return changed


def apply_commands(commands):
    changed = set()
    for name, settings in sorted(mapping(commands, "commands").items()):
        place = {"cwd": settings.get("cwd") or "/",
                 "env": dict(os.environ, **{k: str(v) for k, v in settings.get("env", {}).items()})}
        if settings.get("test") and run(settings["test"], **place) != 0:
            continue
        if run(settings["command"], **place) == 0:
            changed.add(name)
        elif str(settings.get("ignoreErrors", "false")).lower() != "true":
            raise Problem(f"Command {name} failed; {LOG} says how.")
    return changed


def apply_services(services, changed):
    for manager, wanted in mapping(services, "services").items():
        if manager not in ("systemd", "sysvinit"):
            raise Problem(f"Services of {manager}: this machine has systemd.")
        must_run(["systemctl", "daemon-reload"], "Reading the units")
        for name, settings in mapping(wanted, "services " + manager).items():
            apply_service(name, settings, changed)


def apply_service(name, settings, changed):
    truth = {key: str(settings[key]).lower() == "true" for key in ("enabled", "ensureRunning") if key in settings}
    if "enabled" in truth:
        must_run(["systemctl", "enable" if truth["enabled"] else "disable", name], f"Enabling {name}")
    if truth.get("ensureRunning") is False:
        must_run(["systemctl", "stop", name], f"Stopping {name}")
        return
    touched = any(changed[kind] & set(settings.get(kind, [])) for kind in ("files", "sources", "commands"))
    for manager, names in settings.get("packages", {}).items():
        touched = touched or bool(changed["packages"].get(manager, set()) & set(names))
    is_running = run(["systemctl", "is-active", "--quiet", name]) == 0
    if touched and is_running:
        must_run(["systemctl", "restart", name], f"Starting {name} again")
    elif truth.get("ensureRunning") and not is_running:
        must_run(["systemctl", "start", name], f"Starting {name}")


KINDS = {"packages", "groups", "users", "sources", "files", "commands", "services"}


def apply_config(name, config):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-init.html: in this order."""
    log(f"Config {name}")
    for kind in set(mapping(config, "config " + name)) - KINDS:
        raise Problem(f"The config {name} has {kind}, which there is not.")
    changed = {"packages": apply_packages(config.get("packages", {}))}
    apply_groups(config.get("groups", {}))
    apply_users(config.get("users", {}))
    changed["sources"] = apply_sources(config.get("sources", {}))
    changed["files"] = apply_files(config.get("files", {}))
    changed["commands"] = apply_commands(config.get("commands", {}))
    apply_services(config.get("services", {}), changed)


def configs_of(init, asked, path=()):
    """The names of configs that the sets `asked` name, in order."""
    sets = init.get("configSets", {})
    names = []
    for name in asked:
        if name in path:
            raise Problem(f"The configSet {name} contains itself.")
        if name not in sets:
            raise Problem(f"There is no configSet {name}.")
        entries = sets[name] if isinstance(sets[name], list) else [sets[name]]
        for entry in entries:
            if isinstance(entry, dict):
                names += configs_of(init, [entry.get("ConfigSet")], (*path, name))
            else:
                names.append(entry)
    return names


# ---- The four commands


def common_options(name, stack, resource):
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument(*stack)
    parser.add_argument(*resource)
    parser.add_argument("--region")
    parser.add_argument("-u", "--url")
    parser.add_argument("-v", "--verbose", action="store_true")
    # The instance's own identity does for all of these.
    for ignored in ("--role", "--access-key", "--secret-key", "--credential-file", "-f", "--http-proxy",
                    "--https-proxy"):
        parser.add_argument(ignored, help=argparse.SUPPRESS)
    return parser


def require_resource(options):
    if not options.stack or not options.resource:
        raise Problem("--stack and --resource say whose metadata it is.")


def cfn_init(arguments):
    parser = common_options("cfn-init", ("-s", "--stack"), ("-r", "--resource"))
    parser.add_argument("-c", "--configsets")
    options = parser.parse_args(arguments)
    log.is_verbose = options.verbose
    require_resource(options)
    init = metadata_of(options).get("AWS::CloudFormation::Init")
    if init is None:
        raise Problem(f"{options.resource} has no metadata AWS::CloudFormation::Init.")
    if options.configsets:
        names = configs_of(init, options.configsets.split(","))
    else:
        names = configs_of(init, ["default"]) if "default" in init.get("configSets", {}) else ["config"]
    for name in names:
        if name not in init:
            raise Problem(f"There is no config {name}.")
        apply_config(name, init[name])
    log("Done")


def cfn_signal(arguments):
    # Here -s and -r are the success and the reason.
    parser = common_options("cfn-signal", ("--stack",), ("--resource",))
    parser.add_argument("-e", "--exit-code", type=int, default=0)
    parser.add_argument("-s", "--success", choices=("true", "false"))
    parser.add_argument("-i", "--id")
    parser.add_argument("-r", "--reason", default="")
    parser.add_argument("-d", "--data", default="")
    parser.add_argument("handle", nargs="?")
    options = parser.parse_args(arguments)
    good = options.success == "true" if options.success else not options.exit_code
    status = "SUCCESS" if good else "FAILURE"
    if options.handle:
        body = json.dumps({"Status": status, "Reason": options.reason or f"{options.id or 'cfn-signal'}: {status}",
                           "UniqueId": options.id or of_instance("meta-data/instance-id"), "Data": options.data})
        patiently(lambda: fetch(options.handle, "PUT", {"Content-Type": ""}, body.encode()))
        return
    require_resource(options)
    unique = options.id or of_instance("meta-data/instance-id")
    patiently(lambda: call(options, "SignalResource", StackName=options.stack, LogicalResourceId=options.resource,
                           UniqueId=unique, Status=status))


def cfn_get_metadata(arguments):
    parser = common_options("cfn-get-metadata", ("-s", "--stack"), ("-r", "--resource"))
    parser.add_argument("-k", "--key")
    options = parser.parse_args(arguments)
    require_resource(options)
    found = metadata_of(options)
    for part in options.key.split(".") if options.key else []:
        if not isinstance(found, dict) or part not in found:
            raise Problem(f"There is no {options.key} in the metadata.")
        found = found[part]
    print(found if isinstance(found, str) else json.dumps(found, indent=4))


def hooks_in(folder):
    hooks = configparser.ConfigParser(interpolation=None)
    hooks.optionxform = str
    hooks.read([f"{folder}/hooks.conf"])
    if os.path.isdir(f"{folder}/hooks.d"):
        hooks.read(sorted(entry.path for entry in os.scandir(f"{folder}/hooks.d") if entry.name.endswith(".conf")))
    return {name: dict(hooks[name]) for name in hooks.sections()}


def at_path(metadata, path):
    """Resources.Web.Metadata.AWS::CloudFormation::Init names a part; the resource's metadata is all there is."""
    parts = path.split(".")
    if parts[:1] != ["Resources"] or len(parts) < 2:
        raise Problem(f"path={path} does not begin with Resources.")
    found = metadata
    for part in parts[3:]:
        found = found.get(part) if isinstance(found, dict) else None
    return parts[1], found


def cfn_hup(arguments):
    parser = argparse.ArgumentParser(prog="cfn-hup")
    parser.add_argument("-c", "--config", default="/etc/cfn")
    parser.add_argument("-v", "--verbose", action="store_true")
    parser.add_argument("--no-daemon", action="store_true", help="look once")
    given = parser.parse_args(arguments)
    main = configparser.ConfigParser(interpolation=None)
    main.read(f"{given.config}/cfn-hup.conf")
    if not main.has_option("main", "stack"):
        raise Problem(f"{given.config}/cfn-hup.conf names no stack.")
    options = argparse.Namespace(stack=main["main"]["stack"], region=main["main"].get("region"), url=None,
                                 resource=None)
    known = {}
    while True:
        look_for_changes(given.config, options, known)
        if given.no_daemon:
            return
        time.sleep(60 * float(main["main"].get("interval", 15)))


def look_for_changes(folder, options, known):
    for name, hook in hooks_in(folder).items():
        try:
            options.resource, _ = at_path({}, hook["path"])
            _, now = at_path(metadata_of(options), hook["path"])
        except (KeyError, Problem) as problem:
            log(f"Hook {name}: {problem}")
            continue
        before = known.setdefault(name, now)
        known[name] = now
        if before == now:
            continue
        event = "post.add" if before is None else "post.remove" if now is None else "post.update"
        if event in [each.strip() for each in hook.get("triggers", "").split(",")]:
            run(["su", hook.get("runas", "root"), "-s", "/bin/sh", "-c", hook["action"]])


def main():
    commands = {"cfn-init": cfn_init, "cfn-signal": cfn_signal, "cfn-get-metadata": cfn_get_metadata,
                "cfn-hup": cfn_hup}
    name = os.path.basename(sys.argv[0])
    try:
        commands[name](sys.argv[1:])
    except Problem as problem:
        print(f"{name}: {problem}", file=sys.stderr)
        if name == "cfn-init":
            log(f"{problem}")
        sys.exit(1)


if __name__ == "__main__":
    main()
