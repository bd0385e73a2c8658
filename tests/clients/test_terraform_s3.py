"""What Terraform and its AWS provider make of buckets and what is set on them, unmodified."""
import http.client
import pathlib

import pytest
from test_terraform import Terraform, provider_mirror, pytestmark  # noqa: F401

CONFIGURATION = pathlib.Path(__file__).with_name("terraform") / "store.tf"


@pytest.fixture(scope="module")
def store(region, tmp_path_factory):
    made = Terraform(region, tmp_path_factory.mktemp("store"), CONFIGURATION)
    made.run("init", "-no-color", "-input=false")
    made.apply()
    yield made
    made.run("destroy", "-auto-approve", "-no-color", "-input=false", "-refresh=false")
    left = [each["Name"] for each in region.client("s3").list_buckets()["Buckets"]]
    assert not [name for name in left if name.startswith("store-")], "what Terraform made is gone with it"


def test_everything_is_as_it_was_written(region, store):
    told, s3 = store.outputs(), region.client("s3")
    bucket = told["bucket"]
    assert (told["text"], told["keys"]) == ("hello", ["docs/copy.txt", "docs/read me.txt"])
    head = s3.head_object(Bucket=bucket, Key="docs/read me.txt", RequestPayer="requester")
    assert (head["ServerSideEncryption"], head["StorageClass"]) == ("aws:kms", "STANDARD_IA")
    topics = s3.get_bucket_notification_configuration(Bucket=bucket)["TopicConfigurations"]
    assert topics[0]["Events"] == ["s3:ObjectCreated:*", "s3:ObjectRestore:Completed"]
    inventory = s3.get_bucket_inventory_configuration(Bucket=bucket, Id="everything")["InventoryConfiguration"]
    assert inventory["Schedule"]["Frequency"] == "Weekly"
    tiers = s3.get_bucket_intelligent_tiering_configuration(Bucket=bucket, Id="unused")["IntelligentTieringConfiguration"]
    assert sorted(tier["Days"] for tier in tiers["Tierings"]) == [125, 180]
    s3.put_object(Bucket=f"{bucket}-site", Key="index.html", Body=b"hello", ContentType="text/html")
    connection = http.client.HTTPConnection("127.0.0.1", region.edge_port, timeout=10)
    connection.request("GET", "/", headers={"Host": f"{bucket}-site.s3-website-us-east-1.localhost"})
    assert connection.getresponse().read() == b"hello"
    connection.close()


def test_a_second_plan_finds_nothing_to_change(store):
    assert store.differences() == ""

