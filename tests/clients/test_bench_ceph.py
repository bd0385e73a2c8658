"""The Ceph that bench/s3.py measures beside holm: one that does not start says why, and leaves nothing."""
import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
import ceph  # noqa: E402
import s3  # noqa: E402

DOES_NOTHING = "exit 0"
LIVES = "exec sleep 600"
MAKES_A_USER = """echo '{"keys": [{"access_key": "A", "secret_key": "S"}]}'"""
PROGRAMS = {"ceph-authtool": DOES_NOTHING, "monmaptool": DOES_NOTHING, "radosgw-admin": MAKES_A_USER, "radosgw": LIVES,
            "ceph-mon": f'case "$*" in *--mkfs*) {DOES_NOTHING};; esac; {LIVES}',
            "ceph-osd": f'case "$*" in *--mkfs*) {DOES_NOTHING};; esac; {LIVES}'}


def started(monkeypatch, folder, seconds, **programs):
    """What the start of such programs ends with; - in a name is _ here."""
    (folder / "bin").mkdir()
    for name, body in {**PROGRAMS, **{name.replace("_", "-"): body for name, body in programs.items()}}.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / "bin" / name).chmod(0o755)
    made = folder / "temporary"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    monkeypatch.setattr(ceph, "FOLDER", folder)
    monkeypatch.setattr(ceph, "START_SECONDS", seconds)
    with pytest.raises(ceph.CephFailed) as failed:
        s3.ceph()
    assert list(made.iterdir()) == []
    commands = [path.read_bytes() for path in pathlib.Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert [each for each in commands if str(made).encode() in each] == []
    return str(failed.value)


def test_a_command_that_fails_is_told_with_its_last_words(monkeypatch, tmp_path):
    told = started(monkeypatch, tmp_path, 30, ceph_authtool="echo no entropy >&2; exit 3")
    assert told.startswith("ceph-authtool ended with 3. ") and told.endswith("no entropy")


def test_a_daemon_that_dies_ends_the_wait_of_those_that_need_it(monkeypatch, tmp_path):
    dies = f'case "$*" in *--mkfs*) {DOES_NOTHING};; esac; echo no space >&2; exit 28'
    told = started(monkeypatch, tmp_path, 30, ceph_osd=dies, radosgw_admin=LIVES)
    assert told.startswith("ceph-osd ended with 28 at the start. ") and told.endswith("no space")


def test_a_gateway_that_never_answers_is_given_up(monkeypatch, tmp_path):
    told = started(monkeypatch, tmp_path, 1, radosgw=f"echo waiting for pools >&2; {LIVES}")
    assert told.startswith("radosgw was not ready after 1 s. ") and told.endswith("waiting for pools")
