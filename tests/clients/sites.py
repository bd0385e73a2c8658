"""What tests of whole sites ask: the page, and a group's instances."""
import http.client


def page(region, name):
    connection = http.client.HTTPConnection("127.0.0.1", region.edge_port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": name})
        return connection.getresponse().read().decode().strip()
    finally:
        connection.close()


def instances(region, group):
    found = region.client("ec2").describe_instances(Filters=[
        {"Name": "tag:aws:autoscaling:groupName", "Values": [group]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]}])
    return [each for reservation in found["Reservations"] for each in reservation["Instances"]]
