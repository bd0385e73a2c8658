"""The AWS SDK for JavaScript v3, unmodified, against a region: each file of javascript/ is a test."""
import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent / "javascript"
PLACE = pathlib.Path(__file__).resolve().parents[2] / "build" / "javascript"
TESTS = sorted(path.name for path in HERE.glob("*.test.mjs"))


@pytest.fixture(scope="module")
def place():
    """Where the pinned packages are, with the tests beside them: Node.js looks for packages from a file upwards."""
    installed = subprocess.run([str(HERE.parents[2] / "tools" / "install_javascript.sh")], capture_output=True, text=True)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    for path in HERE.glob("*.mjs"):
        shutil.copy(path, PLACE)
    return PLACE


@pytest.mark.parametrize("name", TESTS)
def test_javascript(region, place, name):
    environment = {"PATH": os.environ["PATH"], "HOME": str(region.data), **region.environment}
    ran = subprocess.run(["node", "--test", name], cwd=place, env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
