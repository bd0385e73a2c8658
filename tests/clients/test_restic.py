"""restic, unmodified, as Debian has it: a backup is made, checked, restored and forgotten."""
import os
import subprocess
import uuid

import pytest


@pytest.fixture
def restic(region, tmp_path):
    repository = f"s3:http://127.0.0.1:{region.port}/restic-{uuid.uuid4().hex[:12]}/of/me"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RESTIC_PASSWORD": "secret",
                   "RESTIC_REPOSITORY": repository, "RESTIC_CACHE_DIR": str(tmp_path / "cache")}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        environment[name] = region.environment[name]

    def run(*words):
        result = subprocess.run(["restic", *words], capture_output=True, text=True, timeout=60, cwd=tmp_path,
                                env=environment)
        assert result.returncode == 0, result.stderr
        return result.stdout

    run("init")
    return run


def test_a_backup_comes_back(restic, tmp_path):
    files = {"large": os.urandom(12 << 20), "empty": b"", "Grüße + 100%.txt": b"hello"}
    (tmp_path / "home").mkdir()
    for name, content in files.items():
        (tmp_path / "home" / name).write_bytes(content)
    restic("backup", "home")
    assert "0 new,     0 changed,     3 unmodified" in restic("backup", "home")
    restic("check", "--read-data")
    restic("restore", "latest", "--target", "back")
    assert {each.name: each.read_bytes() for each in (tmp_path / "back" / "home").iterdir()} == files
    (tmp_path / "home" / "large").unlink()
    restic("backup", "home")
    restic("forget", "--keep-last", "1", "--prune")
    assert restic("snapshots").count("home") == 1
    restic("check", "--read-data")
    assert restic("dump", "latest", "/home/Grüße + 100%.txt") == "hello"
