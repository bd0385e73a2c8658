"""Network ACLs of a stack hold at the borders of their subnet, whatever security groups say."""
import json

import pytest
from conftest import wait_until
from web import Web

NAME = "border"


class Border(Web):
    """A server in the first subnet, somebody who asks it in the second."""

    def __init__(self, region):
        super().__init__(region, 88)
        self.cloudformation = region.client("cloudformation")
        self.ec2.authorize_security_group_ingress(GroupId=self.server_group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}])
        self.server, self.asker = [self.run_server(each) for each in self.subnets[:2]]

    def reaches(self):
        found = self.ec2.describe_instances(InstanceIds=[self.server])["Reservations"][0]["Instances"][0]
        ask = f"import socket; socket.create_connection(('{found['PrivateIpAddress']}', 8080), 1)"
        return self.execute(self.asker, "/usr/bin/python3", "-c", ask).returncode == 0

    def resolves(self):
        """AWS's own resolver is beyond every network ACL."""
        return self.execute(self.server, "getent", "hosts", "holm.internal").returncode == 0

    def acl_of(self, subnet):
        found = self.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])
        return found["NetworkAcls"][0]

    def template(self, action):
        def entry(number, egress, first, last, action="allow"):
            return {"Type": "AWS::EC2::NetworkAclEntry", "Properties": {
                "NetworkAclId": {"Ref": "Acl"}, "RuleNumber": number, "Egress": egress, "Protocol": 6,
                "RuleAction": action, "CidrBlock": f"{self.prefix}.1.0/24", "PortRange": {"From": first, "To": last}}}

        return json.dumps({"Resources": {
            "Acl": {"Type": "AWS::EC2::NetworkAcl", "Properties": {"VpcId": self.vpc}},
            "In": entry(100, False, 8080, 8080, action),
            "Out": entry(100, True, 1024, 65535),
            "Association": {"Type": "AWS::EC2::SubnetNetworkAclAssociation", "Properties": {
                "SubnetId": self.subnets[0], "NetworkAclId": {"Ref": "Acl"}}}}})

    def settle(self, status):
        def is_done():
            now = self.cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"]
            assert "ROLLBACK" not in now and "FAILED" not in now, self.cloudformation.describe_stack_events(StackName=NAME)
            return now == status
        wait_until(is_done, what=status)


@pytest.fixture(scope="module")
def border(region):
    made = Border(region)
    wait_until(made.reaches, what="a server")
    yield made
    made.ec2.terminate_instances(InstanceIds=[made.server, made.asker])


def test_the_rules_of_a_stack_hold_at_the_border_of_its_subnet(border):
    default = border.acl_of(border.subnets[0])
    assert default["IsDefault"]
    border.cloudformation.create_stack(StackName=NAME, TemplateBody=border.template("allow"))
    border.settle("CREATE_COMPLETE")
    acl = border.acl_of(border.subnets[0])
    assert not acl["IsDefault"]
    assert len(acl["Entries"]) == 4
    assert border.reaches(), "both ways are allowed"
    assert border.resolves()
    out = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 100, "Egress": True}
    border.ec2.delete_network_acl_entry(**out)
    wait_until(lambda: not border.reaches(), what="answers are lost")
    border.ec2.create_network_acl_entry(**out, Protocol="-1", RuleAction="allow", CidrBlock="0.0.0.0/0")
    wait_until(border.reaches, what="answers come through")
    border.cloudformation.update_stack(StackName=NAME, TemplateBody=border.template("deny"))
    border.settle("UPDATE_COMPLETE")
    wait_until(lambda: not border.reaches(), what="the rule's new action")
    assert border.acl_of(border.subnets[1])["IsDefault"]


def test_a_daemon_that_is_killed_changes_nothing_and_without_the_stack_all_is_open(border):
    border.region.kill()
    border.region.start_only()
    assert not border.reaches()
    border.cloudformation.delete_stack(StackName=NAME)
    wait_until(border.reaches, what="the default network ACL")
    assert border.acl_of(border.subnets[0])["IsDefault"]
