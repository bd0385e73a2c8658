"""A Classic Load Balancer and a group behind it, as a stack."""
import base64

import pytest
from botocore.exceptions import ClientError
from conftest import wait_until
from web import SERVER, Web, ask

TEMPLATE = """
Parameters:
  Image: {Type: String}
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}
  Group: {Type: String}
  Servers: {Type: String}
  Script: {Type: String}
  Port: {Type: Number, Default: 80}
  Size: {Type: Number, Default: 1}
Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancing::LoadBalancer
    Properties:
      Subnets: !Ref Subnets
      SecurityGroups: [!Ref Group]
      CrossZone: true
      Listeners:
        - {Protocol: HTTP, LoadBalancerPort: !Ref Port, InstancePort: "8080", PolicyNames: [session]}
        - {Protocol: TCP, LoadBalancerPort: "9000", InstancePort: "9090"}
      AppCookieStickinessPolicy: [{PolicyName: session, CookieName: session}]
      Policies:
        - PolicyName: proxy
          PolicyType: ProxyProtocolPolicyType
          Attributes: [{Name: ProxyProtocol, Value: "true"}]
          InstancePorts: ["9090"]
      HealthCheck: {Target: "TCP:8080", Interval: "5", Timeout: "2", HealthyThreshold: "2", UnhealthyThreshold: "2"}
      ConnectionDrainingPolicy: {Enabled: true, Timeout: 5}
      ConnectionSettings: {IdleTimeout: 30}
      Tags: [{Key: team, Value: web}]
  Template:
    Type: AWS::EC2::LaunchTemplate
    Properties:
      LaunchTemplateData:
        ImageId: !Ref Image
        InstanceType: t3.micro
        SecurityGroupIds: [!Ref Servers]
        UserData: !Ref Script
  Fleet:
    Type: AWS::AutoScaling::AutoScalingGroup
    Properties:
      MinSize: "0"
      MaxSize: "3"
      DesiredCapacity: !Ref Size
      VPCZoneIdentifier: !Ref Subnets
      LaunchTemplate: {LaunchTemplateId: !Ref Template, Version: !GetAtt Template.LatestVersionNumber}
      LoadBalancerNames: [!Ref Balancer]
      HealthCheckType: ELB
Outputs:
  Name: {Value: !Ref Balancer}
  Dns: {Value: !GetAtt Balancer.DNSName}
  Zone: {Value: !GetAtt Balancer.CanonicalHostedZoneNameID}
  Source: {Value: !Sub "${Balancer.SourceSecurityGroup.OwnerAlias}/${Balancer.SourceSecurityGroup.GroupName}"}
  Fleet: {Value: !Ref Fleet}
"""


def test_a_template_makes_one_with_a_group_behind_it(region):
    place = Web(region, 87)
    stacks, scaling, classic = region.client("cloudformation"), place.scaling, region.client("elb")
    given = {"Image": place.image(), "Subnets": ",".join(place.subnets[:2]), "Group": place.balancer_group,
             "Servers": place.server_group, "Script": base64.b64encode(SERVER.encode()).decode()}

    def parameters(**more):
        return [{"ParameterKey": key, "ParameterValue": value} for key, value in {**given, **more}.items()]

    stacks.create_stack(StackName="classic", TemplateBody=TEMPLATE, Parameters=parameters())
    stacks.get_waiter("stack_create_complete").wait(StackName="classic", WaiterConfig={"Delay": 1})
    told = stacks.describe_stacks(StackName="classic")["Stacks"][0]["Outputs"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in told}
    account = region.client("sts").get_caller_identity()["Account"]
    assert outputs["Source"] == f"{account}/balancer" and outputs["Name"].startswith("classic-Balancer-")

    def described():
        return classic.describe_load_balancers(LoadBalancerNames=[outputs["Name"]])["LoadBalancerDescriptions"][0]

    assert described()["ListenerDescriptions"][0]["PolicyNames"] == ["session"]
    assert described()["BackendServerDescriptions"] == [{"InstancePort": 9090, "PolicyNames": ["proxy"]}]
    attributes = classic.describe_load_balancer_attributes(LoadBalancerName=outputs["Name"])
    assert attributes["LoadBalancerAttributes"]["ConnectionDraining"] == {"Enabled": True, "Timeout": 5}
    wait_until(lambda: ask(region, outputs["Dns"]).status == 200, what="the page")
    attached = scaling.describe_load_balancers(AutoScalingGroupName=outputs["Fleet"])["LoadBalancers"]
    assert attached == [{"LoadBalancerName": outputs["Name"], "State": "InService"}]
    # Another port, and another instance, with what is there untouched.
    stacks.update_stack(StackName="classic", TemplateBody=TEMPLATE, Parameters=parameters(Port="8000", Size="2"))
    stacks.get_waiter("stack_update_complete").wait(StackName="classic", WaiterConfig={"Delay": 1})
    ports = [each["Listener"]["LoadBalancerPort"] for each in described()["ListenerDescriptions"]]
    assert sorted(ports) == [8000, 9000] and described()["DNSName"] == outputs["Dns"]
    wait_until(lambda: len(described()["Instances"]) == 2, what="two instances")
    stacks.delete_stack(StackName="classic")
    stacks.get_waiter("stack_delete_complete").wait(StackName="classic", WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError, match="LoadBalancerNotFound"):
        described()
