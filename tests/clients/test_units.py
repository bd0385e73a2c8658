"""An instance boots like a machine: units start in order, live, fail, and come back with it."""
import re
import subprocess
import time

import pytest
from conftest import wait_until
from test_instances import IMAGE, console_of, execute, state_of

# Each file of units below is written by the user data of the first boot, as templates do it.
UNITS = {
    "first.service": """[Unit]
Description=The first
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'sleep 0.3; echo first is done'
ExecStop=/bin/echo first is undone
[Install]
WantedBy=multi-user.target
""",
    "web.service": """[Unit]
Description=A web server
After=first.service network-online.target
Requires=first.service
[Service]
User=daemon
EnvironmentFile=/etc/web.env
WorkingDirectory=/srv
RuntimeDirectory=web
ExecStartPre=/bin/sh -c 'echo before $WHO in $PWD with $RUNTIME_DIRECTORY'
ExecStart=/usr/bin/python3 -u -c "import os,signal,sys; print('serving', os.environ['WHO'], os.getuid()); \\
  signal.signal(signal.SIGTERM, lambda *_: (print('asked to end'), sys.exit(0))); \\
  signal.signal(signal.SIGHUP, lambda *_: print('read again')); \\
  [signal.pause() for _ in iter(int, 1)]"
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=100ms
LimitNOFILE=2048
ProtectSystem=full
[Install]
WantedBy=multi-user.target
Alias=www.service
""",
    "notes.service": """[Service]
Type=notify
NotifyAccess=all
ExecStart=/usr/bin/python3 -c "import os,socket,time; time.sleep(0.5); \\
  s=socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); \\
  s.sendto(b'READY=1\\\\nSTATUS=all notes are there', os.environ['NOTIFY_SOCKET']); time.sleep(1000)"
""",
    "broken.service": """[Service]
ExecStart=/usr/bin/there-is-no-such-program
[Install]
WantedBy=multi-user.target
""",
    "crashing.service": """[Service]
ExecStart=/bin/false
Restart=always
RestartSec=10ms
""",
    "deaf.service": """[Service]
ExecStart=/bin/sh -c 'trap "" TERM; sleep 1000 & while :; do sleep 1; done'
TimeoutStopSec=500ms
""",
    "forking.service": """[Service]
Type=forking
PIDFile=/run/forking.pid
ExecStart=/bin/sh -c 'sleep 1000 & echo $! > /run/forking.pid; sleep 2000 & exit 0'
""",
    "part.service": "[Unit]\nPartOf=web.service\n[Service]\nExecStart=/bin/sleep 1000\n",
    "needy.service": "[Unit]\nRequires=broken-once.service\nAfter=broken-once.service\n[Service]\nExecStart=/bin/sleep 9\n",
    "broken-once.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'exit 7'\n",
    "each@.service": "[Service]\nExecStart=/bin/sh -c 'echo I am %i of %p; sleep 1000'\n",
    "skipped.service": "[Unit]\nConditionPathExists=/etc/never\n[Service]\nExecStart=/bin/sleep 9\n",
}


def user_data():
    lines = ["#!/bin/bash", "echo user data runs as $(id -un) home=${HOME:-none}"]
    lines += ["umask 077", "echo 'WHO=\"the school\"' > /etc/web.env", "umask 022"]
    for name, text in UNITS.items():
        lines += [f"cat > /etc/systemd/system/{name} <<'UNIT'", text + "UNIT"]
    lines += ["systemctl enable broken", "systemctl enable --now first web; echo enabled with $?",
              "touch /root/user-data-$(ls /root | wc -l)"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def instance(region):
    ec2 = region.client("ec2")
    image = region.client("ssm").get_parameter(Name=IMAGE)["Parameter"]["Value"]
    made = ec2.run_instances(ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1, UserData=user_data())
    made = made["Instances"][0]["InstanceId"]
    wait_until(lambda: "the user data ended" in console_of(ec2, made), what="the end of the user data")
    yield made
    ec2.terminate_instances(InstanceIds=[made])


@pytest.fixture
def run(region, instance):
    """Runs a shell's line inside; the result has code, out, err."""
    return lambda line: execute(region, instance, "sh", "-c", line)


def show(run, unit, *names):
    lines = run(f"systemctl show {unit} " + " ".join(f"-p {name}" for name in names)).stdout.splitlines()
    found = dict(line.split("=", 1) for line in lines)
    return found[names[0]] if len(names) == 1 else [found[name] for name in names]


def test_user_data_enables_and_starts_units_in_order(region, instance, run):
    served = lambda: "serving the school" in console_of(region.client("ec2"), instance)
    wait_until(served, what="the server's first word")
    console = console_of(region.client("ec2"), instance)
    assert re.search(r"^cloud-init\[\d+\]: user data runs as root home=none$", console, re.M)
    assert re.search(r"^cloud-init\[\d+\]: enabled with 0$", console, re.M)
    order = ["sh\\[\\d+\\]: first is done", "Finished first.service - The first.",
             "before the school in /srv with /run/web", "Started web.service - A web server.",
             "python3\\[\\d+\\]: serving the school 1"]
    places = [re.search(line, console) for line in order]
    assert all(places), console
    assert [place.start() for place in places[:3]] == sorted(place.start() for place in places[:3])
    assert run("cat /var/log/cloud-init-output.log").stdout.startswith("user data runs as root")
    assert "web.service:22: " not in console  # Every line of it is understood …
    assert "not applied, since an instance is one sandbox: ProtectSystem" in console  # … and one cannot be applied.


def test_units_of_the_hosts_packages_do_not_start_by_themselves(run):
    assert run("ls /etc/systemd/system/multi-user.target.wants").stdout.split() == \
        ["broken.service", "first.service", "web.service"]
    active = run("systemctl list-units --no-legend --type=service --state=active").stdout
    assert {line.split()[0] for line in active.splitlines()} == {"cloud-final.service", "first.service", "web.service"}


# As debhelper writes them into packages.
POSTINST = """#!/bin/sh
set -e
deb-systemd-helper unmask greeter.service >/dev/null || true
if deb-systemd-helper --quiet was-enabled greeter.service; then
  deb-systemd-helper enable greeter.service >/dev/null || true
else
  deb-systemd-helper update-state greeter.service >/dev/null || true
fi
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null || true
  deb-systemd-invoke start greeter.service >/dev/null || true
fi
"""
PACKAGE = f"""set -e
mkdir -p /tmp/greeter/DEBIAN /tmp/greeter/usr/lib/systemd/system
cd /tmp/greeter
printf 'Package: greeter\\nVersion: 1\\nArchitecture: all\\nMaintainer: a <a@example.com>\\nDescription: greets\\n' > DEBIAN/control
cat > DEBIAN/postinst <<'END'
{POSTINST}END
chmod 755 DEBIAN/postinst
cat > usr/lib/systemd/system/greeter.service <<'END'
[Service]
ExecStart=/bin/sleep 1000
[Install]
WantedBy=multi-user.target
END
dpkg-deb --build /tmp/greeter /tmp/greeter.deb
apt-get install -y /tmp/greeter.deb
"""


def test_a_package_is_installed_and_its_service_runs_and_is_enabled(run):
    installed = run(PACKAGE)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    assert "not built" not in installed.stdout + installed.stderr
    assert run("systemctl is-active greeter").stdout == "active\n"
    assert run("systemctl is-enabled greeter").stdout == "enabled\n"
    run("systemctl disable --now greeter")


@pytest.mark.parametrize("command, code, out", [
    ("is-active web", 0, "active"),
    ("is-active www.service", 0, "active"),
    ("is-active none", 3, "inactive"),
    ("is-active -q skipped", 3, ""),
    ("is-enabled web", 0, "enabled"),
    ("is-enabled www", 0, "alias"),
    ("is-enabled each@", 0, "static"),
    ("is-enabled none", 1, ""),
    ("is-failed web", 1, "active"),
    ("status web --no-pager", 0, None),
    ("status skipped", 3, None),
    ("status none", 4, ""),
    ("start none", 5, ""),
    ("stop none", 5, ""),
    ("start broken-once", 1, ""),
    ("start needy", 1, ""),
    ("start skipped", 0, ""),
    ("reload deaf", 1, ""),
    ("start each@", 1, ""),
    ("frobnicate web", 1, ""),
    ("--user start web", 1, ""),
    ("start a.socket", 5, ""),
    ("start", 1, ""),
])
def test_exit_codes_are_those_of_systemctl(run, command, code, out):
    result = run(f"systemctl {command}")
    assert result.returncode == code, result
    if out is not None:
        assert result.stdout.strip() == out


def test_status_tells_what_there_is_to_know(run):
    text = run("systemctl status web").stdout
    main = show(run, "web", "MainPID")
    assert text.startswith("● web.service - A web server\n")
    assert "Loaded: loaded (/etc/systemd/system/web.service; enabled)" in text
    assert re.search(r"Active: active \(running\) since \w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC; .* ago", text)
    assert f"Main PID: {main} (python3)" in text
    assert re.search(r"\w{3} \d\d \d\d:\d\d:\d\d ip-\S+ python3\[\d+\]: serving the school 1", text)
    limits = run(f"cat /proc/{main}/limits").stdout
    assert re.search(r"Max open files +2048 +2048", limits)


def test_a_killed_service_starts_again(run):
    main, restarts = show(run, "web", "MainPID", "NRestarts")
    run(f"kill -9 {main}")
    wait_until(lambda: show(run, "web", "MainPID") not in (main, "0"), what="another process")
    assert show(run, "web", "ActiveState", "NRestarts") == ["active", str(int(restarts) + 1)]
    log = run("journalctl -u web --no-pager -o cat").stdout
    assert "web.service: Main process exited, code=killed, status=9/KILL" in log
    assert "web.service: Failed with result 'signal'." in log
    assert "web.service: Scheduled restart job, restart counter is at 1." in log


def test_a_service_that_cannot_stay_up_is_given_up(run):
    assert run("systemctl start crashing").returncode == 0
    wait_until(lambda: show(run, "crashing", "Result") == "start-limit-hit", what="the limit")
    assert run("systemctl is-failed crashing").returncode == 0
    assert run("systemctl is-system-running").stdout == "degraded\n"
    run("systemctl reset-failed crashing")
    assert run("systemctl is-active crashing").stdout == "inactive\n"


def test_a_program_that_is_not_there_is_told_with_its_code(run):
    run("systemctl start broken")
    wait_until(lambda: show(run, "broken", "ActiveState") == "failed", what="the failure")
    assert show(run, "broken", "ExecMainStatus", "Result") == ["203", "exit-code"]
    text = run("systemctl status broken").stdout
    assert "Active: failed (Result: exit-code)" in text
    assert "(code=exited, status=203/EXEC)" in text
    assert "/usr/bin/there-is-no-such-program: No such file or directory" in text
    run("systemctl reset-failed broken")


def test_notify_services_have_started_when_they_say_so(run):
    begin = time.monotonic()
    assert run("systemctl start notes").returncode == 0
    assert time.monotonic() - begin > 0.5
    assert show(run, "notes", "ActiveState", "StatusText") == ["active", "all notes are there"]
    assert run("systemctl stop notes").returncode == 0


def test_reload_and_restart(run):
    main = show(run, "web", "MainPID")
    assert run("systemctl reload web").returncode == 0
    wait_until(lambda: "read again" in run("journalctl -u web -o cat").stdout, what="the signal")
    assert show(run, "web", "MainPID") == main
    run("systemctl start part")
    part = show(run, "part", "MainPID")
    assert run("systemctl restart web").returncode == 0
    assert show(run, "web", "MainPID") != main
    assert "asked to end" in run("journalctl -u web -o cat").stdout
    assert show(run, "part", "ActiveState") == "active"
    assert show(run, "part", "MainPID") != part
    run("systemctl stop part")


def test_every_process_of_a_service_ends_with_it(run):
    assert run("systemctl start deaf forking").returncode == 0
    main = show(run, "forking", "MainPID")
    assert run("cat /run/forking.pid").stdout.strip() == main
    assert run("pgrep -c sleep").stdout.strip() >= "3"
    begin = time.monotonic()
    assert run("systemctl stop deaf forking").returncode == 0
    assert 0.5 <= time.monotonic() - begin < 5
    assert run("pgrep -f 'sleep [12]000'").stdout == ""
    assert show(run, "deaf", "Result") == "timeout"
    assert run("systemctl is-failed deaf").returncode == 0
    assert show(run, "forking", "ActiveState") == "inactive"


def test_a_daemon_hands_over_to_the_one_that_its_file_names(run):
    """As nginx does for a new version of itself."""
    assert run("systemctl start forking").returncode == 0
    before = show(run, "forking", "MainPID")
    assert run(f"other=$(pgrep -x -f 'sleep 2000') && echo $other > /run/forking.pid && kill {before}").returncode == 0
    wait_until(lambda: show(run, "forking", "MainPID") not in (before, "0"), what="the other one")
    assert show(run, "forking", "ActiveState") == "active"
    # Now the file names one that is gone.
    run("kill $(cat /run/forking.pid)")
    wait_until(lambda: show(run, "forking", "ActiveState") == "inactive", what="its end")


def test_templates_drop_ins_and_changed_files(run):
    assert run("systemctl start each@one each@two").returncode == 0
    wait_until(lambda: "I am one of each\n" in run("journalctl -u each@one -o cat").stdout, what="the word of one")
    run("mkdir -p /etc/systemd/system/each@.service.d; printf '[Service]\\nExecStart=\\nExecStart=/bin/sleep 99\\n'"
        " > /etc/systemd/system/each@.service.d/x.conf")
    warned = run("systemctl restart each@one")
    assert "changed on disk" in warned.stderr
    run("systemctl daemon-reload")
    assert run("systemctl restart each@one").stderr == ""
    assert run("tr '\\0' ' ' < /proc/$(systemctl show -p MainPID --value each@one)/cmdline").stdout == "/bin/sleep 99 "
    assert run("systemctl stop each@one each@two").returncode == 0


def test_masks_and_links(run):
    assert run("systemctl mask skipped").returncode == 1  # Its file is there.
    assert "Created symlink /etc/systemd/system/other.service → /dev/null." in run("systemctl mask other").stderr
    assert "is masked" in run("systemctl start other").stderr
    run("systemctl unmask other")
    assert run("systemctl disable web").stderr.count("Removed ") == 2
    assert run("systemctl is-enabled web").stdout == "disabled\n"
    assert run("systemctl is-active web").stdout == "active\n"
    assert run("systemctl enable web").returncode == 0


def test_journalctl_shows_and_follows(region, instance, run):
    assert run("journalctl -u web -n 1 -o cat").stdout.count("\n") == 1
    assert run("journalctl -u none").stdout == "-- No entries --\n"
    assert "cloud-init[" in run("journalctl -b --no-pager").stdout
    follower = subprocess.Popen(region.command("exec", instance, "--", "journalctl", "-f", "-n", "0", "-u", "web", "-o", "cat"),
                                stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(0.5)  # Until it follows; whatever comes before is not shown.
        run("systemctl reload web")
        seen = []
        while "read again" not in seen:
            seen.append(follower.stdout.readline().rstrip("\n"))
            assert seen[-1], seen
    finally:
        run("pkill journalctl")
        follower.wait(timeout=10)
        follower.stdout.close()


def test_users_may_ask_but_not_change(run):
    assert run("setpriv --reuid=daemon --clear-groups systemctl is-active web").stdout == "active\n"
    refused = run("setpriv --reuid=daemon --clear-groups systemctl stop web")
    assert refused.returncode == 1 and "Access denied" in refused.stderr
    assert run("setpriv --reuid=daemon --clear-groups systemctl poweroff").returncode == 1
    assert show(run, "web", "ActiveState") == "active"


def boots(region, instance):
    return console_of(region.client("ec2"), instance).count("Started web.service")


def test_units_come_back_when_the_instance_stops_and_starts(region, instance, run):
    ec2 = region.client("ec2")
    ec2.stop_instances(InstanceIds=[instance])
    wait_until(lambda: state_of(ec2, instance) == "stopped", what="stopped")
    console = console_of(ec2, instance)
    end = console.rindex("Shutting down.")
    # In the opposite order: the web server first.
    assert end < console.index("asked to end", end) < console.index("first is undone", end)
    ec2.start_instances(InstanceIds=[instance])
    wait_until(lambda: state_of(ec2, instance) == "running", what="running")
    wait_until(lambda: show(run, "web", "ActiveState") == "active", what="the service")
    assert show(run, "first", "SubState") == "exited"
    wait_until(lambda: show(run, "cloud-final", "SubState") == "exited", what="the end of the boot")
    assert run("ls /root").stdout.count("user-data-") == 1, "user data runs once"
    assert run("cloud-init status").stdout == "status: done\n"


def test_a_reboot_from_inside_and_one_from_outside(region, instance, run):
    ec2 = region.client("ec2")
    for reboot in (lambda: run("systemctl reboot"), lambda: ec2.reboot_instances(InstanceIds=[instance])):
        before = boots(region, instance)
        reboot()
        wait_until(lambda: boots(region, instance) > before, what="the service after the reboot")
        wait_until(lambda: state_of(ec2, instance) == "running", what="running")
        assert show(run, "web", "ActiveState") == "active"


def test_an_instance_can_switch_itself_off(region, instance, run):
    ec2 = region.client("ec2")
    assert run("shutdown -h +5").returncode == 0
    assert run("shutdown -c").returncode == 0
    assert run("shutdown -h now").returncode in (0, 137, 143)
    wait_until(lambda: state_of(ec2, instance) == "stopped", what="stopped")
    reason = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["StateReason"]["Code"]
    assert reason == "Client.InstanceInitiatedShutdown"
    ec2.modify_instance_attribute(InstanceId=instance, InstanceInitiatedShutdownBehavior={"Value": "terminate"})
    ec2.start_instances(InstanceIds=[instance])
    wait_until(lambda: state_of(ec2, instance) == "running", what="running")
    wait_until(lambda: run("systemctl is-active web").stdout == "active\n", what="the service")
    run("poweroff")
    wait_until(lambda: state_of(ec2, instance) == "terminated", what="terminated")
