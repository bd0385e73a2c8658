"""Parameters: versions, patterns, tiers, tags, and stacks that have them."""
import json

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from test_stacks import settled


def code_of(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def test_patterns_tiers_and_types_are_checked(region):
    ssm = region.client("ssm")
    put = {"Name": "/p/number", "Type": "String", "Value": "17", "AllowedPattern": "^[0-9]+$"}
    assert code_of(ssm.put_parameter, **{**put, "Value": "x"}) == "ParameterPatternMismatchException"
    assert code_of(ssm.put_parameter, **{**put, "AllowedPattern": "("}) == "InvalidAllowedPatternException"
    assert ssm.put_parameter(**put)["Tier"] == "Standard"
    assert code_of(ssm.put_parameter, **put) == "ParameterAlreadyExists"
    assert code_of(ssm.put_parameter, **{**put, "Overwrite": True, "Tags": [{"Key": "a", "Value": "b"}]}) \
        == "ValidationException"
    long = {"Name": "/p/long", "Type": "String", "Value": "x" * 5000}
    assert code_of(ssm.put_parameter, **long) == "ValidationException"
    assert ssm.put_parameter(**long, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert code_of(ssm.put_parameter, **long, Tier="Standard", Overwrite=True) == "ValidationException"
    assert ssm.put_parameter(**{**long, "Value": "short"}, Overwrite=True)["Tier"] == "Advanced"
    image = ssm.get_parameters_by_path(Path="/aws/service/ami-amazon-linux-latest")["Parameters"][0]["Value"]
    typed = {"Name": "/p/image", "Type": "String", "DataType": "aws:ec2:image"}
    assert code_of(ssm.put_parameter, **typed, Value="ami-00000000000000000") == "InvalidAMIID.NotFound"
    ssm.put_parameter(**typed, Value=image)
    assert code_of(ssm.put_parameter, **{**put, "Name": "/p/other", "DataType": "odd"}) == "ValidationException"
    described = {each["Name"]: each for each in ssm.describe_parameters()["Parameters"]}
    assert described["/p/number"]["AllowedPattern"] == "^[0-9]+$"
    assert described["/p/long"]["Tier"] == "Advanced"


def test_tags_live_as_long_as_their_parameter(region):
    ssm = region.client("ssm")
    of = {"ResourceType": "Parameter", "ResourceId": "tagged"}
    ssm.put_parameter(Name="tagged", Type="String", Value="x", Tags=[{"Key": "a", "Value": "1"}])
    ssm.add_tags_to_resource(**of, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    assert ssm.list_tags_for_resource(**of)["TagList"] == [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}]
    ssm.remove_tags_from_resource(**of, TagKeys=["a"])
    ssm.delete_parameter(Name="tagged")
    assert code_of(ssm.list_tags_for_resource, **of) == "InvalidResourceId"
    ssm.put_parameter(Name="tagged", Type="String", Value="x")
    assert ssm.list_tags_for_resource(**of)["TagList"] == []


def template(**properties):
    return json.dumps({
        "Resources": {
            "Named": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", **properties}},
            "Unnamed": {"Type": "AWS::SSM::Parameter", "Properties": {
                "Type": "StringList", "Value": {"Fn::Sub": "${Named.Value},${Named}"}}}},
        "Outputs": {"Named": {"Value": {"Ref": "Named"}}, "Unnamed": {"Value": {"Ref": "Unnamed"}},
                    "Value": {"Value": {"Fn::GetAtt": ["Named", "Value"]}},
                    "Type": {"Value": {"Fn::GetAtt": ["Unnamed", "Type"]}}}})


def outputs_of(cloudformation, name):
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def test_stacks_make_change_replace_and_remove_parameters(region):
    cloudformation, ssm = region.client("cloudformation"), region.client("ssm")

    def status_after(verb, wanted, **properties):
        verb(StackName="parameters", TemplateBody=template(**properties))
        assert wait_until(lambda: settled(cloudformation, "parameters"), what=wanted) == wanted
        return outputs_of(cloudformation, "parameters")

    made = status_after(cloudformation.create_stack, "CREATE_COMPLETE", Name="/stack/one", Value="first",
                        Tags={"team": "a", "cost": "b"})
    assert made["Named"] == "/stack/one" and made["Value"] == "first" and made["Type"] == "StringList"
    assert made["Unnamed"].startswith("CFN-parameters-Unnamed-")
    assert ssm.get_parameter(Name=made["Unnamed"])["Parameter"]["Value"] == "first,/stack/one"

    changed = status_after(cloudformation.update_stack, "UPDATE_COMPLETE", Name="/stack/one", Value="second",
                           Description="told", Tags={"team": "c"})
    assert changed["Value"] == "second" and changed["Unnamed"] == made["Unnamed"]
    found = ssm.get_parameter(Name="/stack/one")["Parameter"]
    assert (found["Value"], found["Version"]) == ("second", 2)
    assert ssm.get_parameter(Name=made["Unnamed"])["Parameter"]["Value"] == "second,/stack/one"
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/stack/one")["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")} == {"team": "c"}
    assert {"Key": "aws:cloudformation:stack-name", "Value": "parameters"} in tags

    replaced = status_after(cloudformation.update_stack, "UPDATE_COMPLETE", Name="/stack/two", Value="second")
    assert replaced["Named"] == "/stack/two"
    assert code_of(ssm.get_parameter, Name="/stack/one") == "ParameterNotFound"
    status_after(cloudformation.update_stack, "UPDATE_ROLLBACK_COMPLETE", Name="/stack/two", Value="third",
                 AllowedPattern="^[0-9]+$")
    assert ssm.get_parameter(Name="/stack/two")["Parameter"]["Value"] == "second"

    stack = cloudformation.describe_stacks(StackName="parameters")["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName="parameters")
    wait_until(lambda: settled(cloudformation, stack) == "DELETE_COMPLETE", what="the end of the stack")
    assert code_of(ssm.get_parameter, Name="/stack/two") == "ParameterNotFound"


def test_a_stack_makes_no_secure_strings(region):
    cloudformation = region.client("cloudformation")
    cloudformation.create_stack(StackName="secure", TemplateBody=json.dumps({"Resources": {"Secret": {
        "Type": "AWS::SSM::Parameter", "Properties": {"Type": "SecureString", "Value": "x"}}}}))
    assert wait_until(lambda: settled(cloudformation, "secure"), what="the stack") == "ROLLBACK_COMPLETE"
    reasons = [each.get("ResourceStatusReason", "") for each in
               cloudformation.describe_stack_events(StackName="secure")["StackEvents"]]
    assert any("SecureString is not a valid enum value" in reason for reason in reasons)
