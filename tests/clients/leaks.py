"""Takes pictures of what a region holds of the machine, and says what of it is still there after `holm down`.

Everything is told apart by the region's data directory, so that other regions beside it do not matter: names in
the kernel carry a tag made of the directory, processes have it in their command line, their control group, or
among what they have open. Namespaces have no names that last (numbers are used again at once): they are those that
processes of the region are in or hold."""
import json
import os
import pathlib
import subprocess

KINDS = ("processes", "mounts", "namespaces", "links", "tables", "control groups")
NAMESPACES = ("net", "mnt", "user", "pid", "ipc", "uts", "cgroup")


def tag_of(data):
    """As sandbox/names.cc makes it; test_teardown.py checks that pictures of a running region are not empty."""
    value = 0xcbf29ce484222325
    for byte in str(pathlib.Path(data).resolve()).encode():
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return f"{value % 2**32:08x}"


def read(path):
    try:
        return pathlib.Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""


def names_in(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


class Process:
    """One process of the machine; gone ones read as empty."""

    def __init__(self, pid):
        self.pid = pid
        self.folder = f"/proc/{pid}"
        fields = read(f"{self.folder}/stat").rpartition(")")[2].split()
        # A process id is used again; together with the time of the start it is not.
        self.identity = (pid, fields[19] if len(fields) > 19 else "")
        self.parent = int(fields[1]) if len(fields) > 1 else 0
        self.is_zombie = bool(fields) and fields[0] == "Z"
        self.words = read(f"{self.folder}/cmdline").split("\0")

    def namespaces(self):
        found = {link(f"{self.folder}/ns/{kind}") for kind in NAMESPACES}
        for number in names_in(f"{self.folder}/fd"):
            target = link(f"{self.folder}/fd/{number}")
            if target.partition(":")[0] in NAMESPACES:
                found.add(target)
        return found - {""}

    def belongs_to(self, data, tag):
        if str(data) in self.words or any(word.startswith(f"{data}/") for word in self.words):
            return True
        if f"/holm-{tag}" in read(f"{self.folder}/cgroup"):
            return True
        held = ["cwd", "root", "exe", *(f"fd/{number}" for number in names_in(f"{self.folder}/fd"))]
        return any(link(f"{self.folder}/{what}").startswith(f"{data}/") for what in held)

    def says(self):
        return f"process {self.pid} ({' '.join(self.words).strip() or 'without a command line'})"


def all_processes():
    made = [Process(int(name)) for name in names_in("/proc") if name.isdigit()]
    return [each for each in made if not each.is_zombie and each.pid != os.getpid()]


def own_processes(data):
    """Those that belong to the region, with all their descendants, but not this test's other children."""
    everyone = all_processes()
    tag = tag_of(data)
    ours = {each.pid: each for each in everyone if each.belongs_to(data, tag)}
    grew = True
    while grew:
        before = len(ours)
        ours.update({each.pid: each for each in everyone if each.parent in ours})
        grew = len(ours) > before
    return list(ours.values())


def mounts_of(data):
    """Of every mount namespace there is, overlays over the region's folders included."""
    found, seen = set(), set()
    for each in [Process(os.getpid()), *all_processes()]:
        space = link(f"{each.folder}/ns/mnt")
        if space in seen:
            continue
        seen.add(space)
        for line in read(f"{each.folder}/mountinfo").splitlines():
            if f"{data}/" in line:
                found.add(f"mount of {line.split()[4]} in {space} (process {each.pid})")
    return found


def links_of(tag):
    return {f"link {name}" for name in names_in("/sys/class/net") if name.startswith(f"h{tag[:6]}")}


def tables_of(tag):
    listed = subprocess.run(["nft", "-j", "list", "tables"], capture_output=True, text=True)
    rows = json.loads(listed.stdout)["nftables"] if listed.returncode == 0 else []
    names = [row["table"]["name"] for row in rows if "table" in row]
    return {f"nftables table {name}" for name in names if tag in name}


def control_groups_of(tag):
    found = set()
    for top in [pathlib.Path("/sys/fs/cgroup"), *pathlib.Path("/sys/fs/cgroup").glob("*/")]:
        group = top / f"holm-{tag}"
        if group.is_dir():
            found.add(f"control group {group}")
            found.update(f"control group {each}" for each in group.iterdir() if each.is_dir())
    return found


class Leaks:
    """Of the region on one data directory."""

    def __init__(self, data):
        self.data = pathlib.Path(data).resolve()
        self.tag = tag_of(data)
        self.known_processes = set()
        self.host_namespaces = Process(os.getpid()).namespaces()

    def picture(self):
        """What there is now, as sentences by kind."""
        own = own_processes(self.data)
        spaces = set().union(*(each.namespaces() for each in own)) - self.host_namespaces if own else set()
        self.known_processes.update(each.identity for each in own)
        return {"processes": {each.says() for each in own}, "mounts": mounts_of(self.data),
                "namespaces": {f"namespace {each}" for each in spaces}, "links": links_of(self.tag),
                "tables": tables_of(self.tag), "control groups": control_groups_of(self.tag)}

    def left(self):
        """What is still there, one sentence each; a process that an earlier picture showed counts for ever."""
        known = set(self.known_processes)
        found = {each for kind in self.picture().values() for each in kind}
        found.update(each.says() for each in all_processes() if each.identity in known)
        return sorted(found)
