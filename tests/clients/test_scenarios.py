"""Plays every scenario file against a running region, through botocore as users have it."""
import pathlib

import pytest
import scenario

FILES = sorted((pathlib.Path(__file__).resolve().parents[1] / "api").rglob("*.api"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_scenario(region, file):
    scenario.play(region, file.read_text())
