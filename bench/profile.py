#!/usr/bin/env python3
"""Writes cmake/release.profdata: which ways requests take, as the release build is told when it is compiled.

Usage: bench/profile.py BUILD, a build of the preset `profile`, whose programs count (`make profile` does it all).
A profile that is older than the sources is worth less and does no harm: functions that changed since are compiled
without it."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(sys.argv[1]).resolve()
PROFILE = ROOT / "cmake" / "release.profdata"
SECONDS, OBJECTS = 3, 1000

os.environ["HOLM_S3_ALONE"] = str(BUILD / "s3_alone")
sys.argv = [sys.argv[0]]  # The benchmarks have words of their own.
import s3  # noqa: E402
sys.argv.append(str(BUILD / "bench_balancer"))
import balancer  # noqa: E402


def train_s3():
    s3.SECONDS, s3.LISTED = SECONDS, 2000
    holm = s3.holm()
    try:
        body, keys = os.urandom(s3.SMALL), [f"/bench/small/{number:06}" for number in range(OBJECTS)]
        for connections in 64, 1:
            s3.load(holm, "PUT", keys, connections, body)
            s3.load(holm, "GET", keys, connections)
        large = [f"/bench/large/{number}" for number in range(s3.LARGE_KEYS)]
        for key in large:
            s3.store(holm, key, os.urandom(s3.LARGE))
        s3.load_large(holm, large, 4)
        s3.upload(holm)
        s3.measure_lists(holm)
    finally:
        holm.end()


def train_balancer():
    with tempfile.TemporaryDirectory(prefix="holm-bench-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        (folder / "backend").mkdir()
        backend = balancer.Backend(folder / "backend")
        try:
            proxy = balancer.Proxy("holm", folder / "holm", backend.port)
            for _, listener, path, connections, _ in balancer.CASES:
                balancer.load(proxy, listener, path, connections, SECONDS)
            proxy.process.stdin.close()
            proxy.process.wait()
        finally:
            backend.process.terminate()
            backend.process.wait()


def main():
    with tempfile.TemporaryDirectory(prefix="holm-bench-") as counts:
        os.environ["LLVM_PROFILE_FILE"] = f"{counts}/%p.profraw"
        train_s3()
        train_balancer()
        found = sorted(pathlib.Path(counts).glob("*.profraw"))
        assert len(found) == 2, "s3_alone and bench_balancer were to count."
        subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", str(PROFILE), *map(str, found)], check=True)
    print(f"{PROFILE}: {PROFILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
