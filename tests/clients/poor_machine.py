"""Machines that lack something, for one region each: a mount namespace in which things are hidden or disks are small,
system calls that fail as on a kernel without a feature, a clock that can be set."""
import contextlib
import ctypes
import os
import pathlib
import subprocess
import tempfile

from conftest import Region

ALLOW, FAIL = 0x7FFF0000, 0x00050000
SAME = 4  # SCMP_CMP_EQ


class Place:
    """A mount namespace of the test's own, held by a process; what is mounted here, others do not see."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", "echo up; exec cat"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdout.readline()

    def command(self, *words):
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", *words]

    def run(self, *words):
        return subprocess.run(self.command(*words), check=True, capture_output=True, text=True).stdout

    def hide(self, program):
        self.run("mount", "--bind", "/dev/null", program)

    def close(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()


class PlacedRegion(Region):
    """A region whose every command runs in a place."""

    def __init__(self, folder, place):
        super().__init__(folder)
        self.place = place

    def command(self, verb, *words):
        return self.place.command(*super().command(verb, *words))


@contextlib.contextmanager
def placed_region():
    place = Place()
    made = PlacedRegion(tempfile.mkdtemp(prefix="holm-test-"), place)
    try:
        yield made
    finally:
        try:
            made.end()
        finally:
            place.close()


class _Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("value", ctypes.c_uint64),
                ("more", ctypes.c_uint64)]


def without_call(name, error, **arguments):
    """For subprocess's preexec_fn: the system call fails with `error`, when its arguments (arg0=…) are these."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    compared = [_Comparison(int(key.removeprefix("arg")), SAME, value, 0) for key, value in arguments.items()]

    def prepare():
        rules = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ALLOW)))
        number = library.seccomp_syscall_resolve_name(name.encode())
        added = library.seccomp_rule_add_array(rules, ctypes.c_uint32(FAIL | error), number, len(compared),
                                               (_Comparison * len(compared))(*compared))
        if added != 0 or library.seccomp_load(rules) != 0:
            os._exit(99)
    return prepare


CLOCK = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile long *offset_seconds;

__attribute__((constructor)) static void open_offset(void) {
  int file = open(getenv("TEST_CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC);
  if (file >= 0) offset_seconds = mmap(0, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  // Asked of the kernel: looking the library's function up allocates, and allocators ask for the time.
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME && offset_seconds) time->tv_sec += *offset_seconds;
  return result;
}
"""


class TestClock:
    """The wall clock of programs started with `environment()`, as far from the machine's as one likes."""
    __test__ = False

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        source, self.library, self.offset = folder / "clock.c", folder / "clock.so", folder / "offset"
        source.write_text(CLOCK)
        subprocess.run(["clang-19", "-O1", "-shared", "-fPIC", "-o", str(self.library), str(source)], check=True)
        self.set(0)

    def set(self, seconds):
        # In place: the programs have it mapped.
        with open(self.offset, "r+b" if self.offset.exists() else "wb") as file:
            file.write(int(seconds).to_bytes(8, "little", signed=True))

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "TEST_CLOCK_OFFSET": str(self.offset)}
