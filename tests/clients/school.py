"""The school on a region of its own, for tests and benchmarks."""
import http.client
import os
import re
import subprocess

from conftest import HOLM, ROOT, Region
from PIL import Image, ImageDraw


class School:
    """A region with the school on it."""

    def __init__(self, folder):
        self.region = Region(folder)
        self.url = ""
        self.password = ""

    def up(self, **environment):
        options = ["--data", str(self.region.data), "--listen", f"127.0.0.1:{self.region.port}",
                   "--edge", f"127.0.0.1:{self.region.edge_port}"]
        # What a sanitizer finds ends the program and is in its log; leaks cannot be looked for inside a sandbox.
        result = subprocess.run([str(ROOT / "apps" / "school" / "up.sh"), str(HOLM.parent), *options],
                                capture_output=True, text=True, timeout=180, env=dict(os.environ, **environment))
        assert result.returncode == 0, result.stdout + result.stderr
        self.url = re.search(r"^ +Url +(https?://\S+?)/?$", result.stdout, re.MULTILINE)[1]
        self.password = re.search(r"^The password is (\S+)$", result.stdout, re.MULTILINE)[1]
        self.region.read_environment()
        return result.stdout

    def get(self, path):
        """The status and the text of a page. Browsers and curl know that *.localhost is this machine; Python does not."""
        connection = http.client.HTTPConnection("127.0.0.1", self.region.edge_port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": self.url.removeprefix("http://")})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def outputs(self):
        stack = self.region.client("cloudformation").describe_stacks(StackName="school")["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def targets(self):
        """Instance → state, as the load balancer sees it."""
        elb = self.region.client("elbv2")
        group = elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
        found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in found}


def take_portrait(path):
    """Writes a portrait of twelve megapixels with a telephone's noise."""
    grain = Image.effect_noise((3000, 4000), 60)
    picture = Image.merge("RGB", [grain.point(lambda v, f=factor: int(v * f)) for factor in (0.9, 0.75, 0.65)])
    draw = ImageDraw.Draw(picture)
    draw.rectangle((700, 2500, 2300, 4000), fill=(52, 80, 130))
    draw.ellipse((900, 900, 2100, 2400), fill=(224, 182, 150))
    for eye in (1260, 1740):
        draw.ellipse((eye - 60, 1450, eye + 60, 1570), fill=(40, 40, 40))
    draw.arc((1250, 1700, 1750, 2100), 20, 160, fill=(150, 40, 40), width=30)
    picture.save(path, quality=88)
    return path
