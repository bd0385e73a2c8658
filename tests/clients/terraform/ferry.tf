# A site behind a Classic Load Balancer, with every kind of policy that Terraform knows for one.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "boat" { type = string }
variable "idle" {
  type    = number
  default = 60
}
variable "port" {
  type    = number
  default = 8080
}
provider "aws" {
  region = "us-east-1"
  default_tags { tags = { owner = "terraform" } }
  endpoints {
    acm         = var.endpoint
    autoscaling = var.endpoint
    ec2         = var.endpoint
    elb         = var.endpoint
    ssm         = var.endpoint
    sts         = var.endpoint
  }
}
data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}
data "aws_vpc" "default" { default = true }
resource "aws_security_group" "ferry" {
  name   = "ferry"
  vpc_id = data.aws_vpc.default.id
  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_launch_template" "boat" {
  name                   = "ferry"
  image_id               = data.aws_ssm_parameter.image.value
  instance_type          = "t3.micro"
  update_default_version = true
}
resource "aws_autoscaling_group" "boats" {
  name               = "ferry"
  min_size           = 0
  max_size           = 1
  availability_zones = ["us-east-1a", "us-east-1b"]
  launch_template {
    id      = aws_launch_template.boat.id
    version = aws_launch_template.boat.latest_version
  }
  lifecycle { ignore_changes = [load_balancers] }
}
resource "aws_acm_certificate" "ferry" {
  domain_name       = "ferry.test"
  validation_method = "DNS"
}
resource "aws_elb" "ferry" {
  name               = "ferry"
  availability_zones = ["us-east-1a", "us-east-1b"]
  security_groups    = [aws_security_group.ferry.id]
  listener {
    lb_port           = 80
    lb_protocol       = "http"
    instance_port     = 8000
    instance_protocol = "http"
  }
  listener {
    lb_port            = 443
    lb_protocol        = "https"
    instance_port      = 8000
    instance_protocol  = "http"
    ssl_certificate_id = aws_acm_certificate.ferry.arn
  }
  listener {
    lb_port           = var.port
    lb_protocol       = "tcp"
    instance_port     = 22
    instance_protocol = "tcp"
  }
  health_check {
    target              = "HTTP:8000/"
    interval            = 5
    timeout             = 2
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
  cross_zone_load_balancing   = true
  idle_timeout                = var.idle
  connection_draining         = true
  connection_draining_timeout = 5
  desync_mitigation_mode      = "strictest"
  tags                        = { Name = "ferry" }
}
resource "aws_elb_attachment" "boat" {
  elb      = aws_elb.ferry.id
  instance = var.boat
}
resource "aws_autoscaling_attachment" "boats" {
  autoscaling_group_name = aws_autoscaling_group.boats.name
  elb                    = aws_elb.ferry.id
}
resource "aws_lb_cookie_stickiness_policy" "ferry" {
  name                     = "hour"
  load_balancer            = aws_elb.ferry.id
  lb_port                  = 80
  cookie_expiration_period = 3600
}
resource "aws_proxy_protocol_policy" "ferry" {
  load_balancer  = aws_elb.ferry.name
  instance_ports = ["22"]
}
resource "aws_load_balancer_policy" "tls" {
  load_balancer_name = aws_elb.ferry.name
  policy_name        = "tls"
  policy_type_name   = "SSLNegotiationPolicyType"
  policy_attribute {
    name  = "Reference-Security-Policy"
    value = "ELBSecurityPolicy-TLS-1-2-2017-01"
  }
}
resource "aws_load_balancer_listener_policy" "tls" {
  load_balancer_name = aws_elb.ferry.name
  load_balancer_port = 443
  policy_names       = [aws_load_balancer_policy.tls.policy_name]
}
data "aws_elb" "ferry" { name = aws_elb.ferry.name }
output "address" { value = data.aws_elb.ferry.dns_name }
output "group" { value = aws_elb.ferry.source_security_group }
