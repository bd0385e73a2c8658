"""The daemon is killed while objects are stored, replaced, uploaded in parts and deleted. After each start every object
is what was acknowledged last, whole, or what the request that was cut off would have made it: nothing in between.
HOLM_KILLS=200 (`make kill-s3`) kills it as often; HOLM_SEED=… repeats the moments of a run."""
import hashlib
import os
import random
import threading
import time

import botocore.exceptions
import pytest
from botocore.config import Config

from conftest import new_region

KILLS = int(os.environ.get("HOLM_KILLS", "8"))
SEED = int(os.environ.get("HOLM_SEED", time.time_ns() % 1_000_000))
WRITERS = 4
KEYS = 12  # Of each writer.
PART = 5 << 20
# In a row of the database, in the store's log, in extents; the last in two parts.
SIZES = (0, 700, 16_000, 20_000, 100_000, 400_000, 1_500_000, PART + 300_000)
WEIGHTS = (1, 6, 3, 6, 6, 3, 1, 1)
NOTHING = None  # No object of that key.


def content(writer, number, size):
    return random.Random(f"{SEED} {writer} {number}").randbytes(size)


def digest(body):
    return hashlib.sha256(body).hexdigest()


class CutOff(Exception):
    """The daemon died with the request."""


def answered(told):
    """botocore takes a connection that ends behind "100 Continue" for an empty answer of 200."""
    if not told["ResponseMetadata"]["HTTPHeaders"]:
        raise CutOff
    return told


class Writer(threading.Thread):
    """Changes objects of its own, one after the other, and never tries anything again."""

    def __init__(self, region, number):
        super().__init__(daemon=True)
        self.client = region.client("s3", config=Config(
            retries={"max_attempts": 0}, connect_timeout=30, read_timeout=30))
        self.number = number
        self.random = random.Random(f"{SEED} {number}")
        self.known = {}  # What each key holds: the digests that are right, one of them if nothing was cut off.
        self.tried = self.acknowledged = self.unknown = 0
        self.errors = []
        self.running, self.idle, self.stopping = threading.Event(), threading.Event(), threading.Event()

    def run(self):
        while not self.stopping.is_set():
            if not self.running.is_set():
                self.idle.set()
                self.running.wait(0.05)
                continue
            self.idle.clear()
            self.change()
        self.idle.set()

    def change(self):
        self.tried += 1
        key = f"{self.number}/{self.random.randrange(KEYS)}"
        size = self.random.choices(SIZES, WEIGHTS)[0]
        body = NOTHING if self.random.random() < 0.2 else content(self.number, self.tried, size)
        wanted = NOTHING if body is NOTHING else digest(body)
        before = self.known.get(key, {NOTHING})
        self.known[key] = before | {wanted}
        try:
            self.store(key, body)
        except botocore.exceptions.ClientError as error:
            self.errors.append(f"{key}: {error}")
        except (CutOff, botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError):
            self.unknown += 1  # Either outcome is right.
        else:
            self.known[key] = {wanted}
            self.acknowledged += 1

    def store(self, key, body):
        place = {"Bucket": "crashes", "Key": key}
        if body is NOTHING:
            answered(self.client.delete_object(**place))
        elif len(body) <= PART:
            answered(self.client.put_object(Body=body, **place))
        else:
            place["UploadId"] = answered(self.client.create_multipart_upload(**place))["UploadId"]
            parts = [{"PartNumber": number, "ETag": answered(self.client.upload_part(Body=piece, PartNumber=number, **place))["ETag"]}
                     for number, piece in ((1, body[:PART]), (2, body[PART:]))]
            answered(self.client.complete_multipart_upload(MultipartUpload={"Parts": parts}, **place))

    def read(self, key):
        try:
            return digest(self.client.get_object(Bucket="crashes", Key=key)["Body"].read())
        except self.client.exceptions.NoSuchKey:
            return NOTHING

    def verify(self):
        """Nothing writes meanwhile. What is found is what must be found from now on."""
        found = {key: self.read(key) for key in self.known}
        wrong = [f"{key}: {found[key]}, not {allowed}" for key, allowed in self.known.items() if found[key] not in allowed]
        self.known = {key: {digest} for key, digest in found.items()}
        return wrong


class Writers:
    def __init__(self, region):
        self.all = [Writer(region, number) for number in range(WRITERS)]
        for each in self.all:
            each.start()

    def go(self):
        for each in self.all:
            each.running.set()

    def pause(self):
        for each in self.all:
            each.running.clear()
            each.idle.clear()
        for each in self.all:
            assert each.idle.wait(60)

    def verify(self):
        assert [error for each in self.all for error in each.errors] == []
        wrong = [line for each in self.all for line in each.verify()]
        assert wrong == [], f"lost or torn, with seed {SEED}"

    def end(self):
        for each in self.all:
            each.stopping.set()
            each.running.set()
        for each in self.all:
            each.join()


@pytest.mark.parametrize("seed", [SEED])
def test_kills_lose_and_tear_nothing_that_was_acknowledged(seed, capsys):
    moments = random.Random(seed)
    with new_region() as region:
        region.start()
        region.client("s3").create_bucket(Bucket="crashes")
        writers = Writers(region)
        starts = []
        for _ in range(KILLS):
            writers.go()
            time.sleep(moments.uniform(0.05, 1.0))
            region.kill()
            begin = time.monotonic()
            region.start_only()
            starts.append(time.monotonic() - begin)
            writers.pause()
            writers.verify()
        # And once as it should be.
        assert region.down().returncode == 0
        region.start_only()
        writers.verify()
        writers.end()
        with capsys.disabled():
            print(f"\n{KILLS} kills, seed {seed}: {sum(each.acknowledged for each in writers.all)} changes acknowledged and "
                  f"found, {sum(each.unknown for each in writers.all)} cut off; from exec to ready median "
                  f"{sorted(starts)[len(starts) // 2] * 1000:.0f} ms, worst {max(starts) * 1000:.0f} ms")
