# A site as people write it: a VPC with public and private subnets in two zones, a NAT gateway, an Auto Scaling group
# behind a load balancer, a database and a bucket.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" { type = string }
variable "greeting" {
  type    = string
  default = "ahoy"
}
provider "aws" {
  region            = "us-east-1"
  s3_use_path_style = true
  default_tags { tags = { owner = "terraform" } }
  endpoints {
    autoscaling = var.endpoint
    ec2         = var.endpoint
    elbv2       = var.endpoint
    iam         = var.endpoint
    rds         = var.endpoint
    s3          = var.endpoint
    s3control   = var.endpoint
    ssm         = var.endpoint
    sts         = var.endpoint
  }
}
data "aws_availability_zones" "all" { state = "available" }
data "aws_caller_identity" "me" {}
data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}
resource "aws_vpc" "quay" {
  cidr_block           = "10.77.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "quay" }
}
resource "aws_internet_gateway" "quay" { vpc_id = aws_vpc.quay.id }
resource "aws_subnet" "public" {
  count                   = 2
  vpc_id                  = aws_vpc.quay.id
  cidr_block              = cidrsubnet(aws_vpc.quay.cidr_block, 8, count.index)
  availability_zone       = data.aws_availability_zones.all.names[count.index]
  map_public_ip_on_launch = true
}
resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.quay.id
  cidr_block        = cidrsubnet(aws_vpc.quay.cidr_block, 8, count.index + 10)
  availability_zone = data.aws_availability_zones.all.names[count.index]
}
resource "aws_eip" "nat" {
  domain     = "vpc"
  depends_on = [aws_internet_gateway.quay]
}
resource "aws_nat_gateway" "nat" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public[0].id
  depends_on    = [aws_internet_gateway.quay]
}
resource "aws_route_table" "public" {
  vpc_id = aws_vpc.quay.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.quay.id
  }
}
resource "aws_route_table" "private" { vpc_id = aws_vpc.quay.id }
resource "aws_route" "private" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.nat.id
}
resource "aws_route_table_association" "public" {
  count          = 2
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}
resource "aws_route_table_association" "private" {
  count          = 2
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}
resource "aws_security_group" "balancer" {
  name_prefix = "balancer-"
  vpc_id      = aws_vpc.quay.id
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
  lifecycle { create_before_destroy = true }
}
resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.quay.id
}
resource "aws_vpc_security_group_ingress_rule" "web" {
  security_group_id            = aws_security_group.web.id
  referenced_security_group_id = aws_security_group.balancer.id
  from_port                    = 80
  to_port                      = 80
  ip_protocol                  = "tcp"
}
resource "aws_vpc_security_group_egress_rule" "web" {
  security_group_id = aws_security_group.web.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
resource "aws_security_group" "database" {
  name   = "database"
  vpc_id = aws_vpc.quay.id
}
resource "aws_security_group_rule" "database" {
  type                     = "ingress"
  security_group_id        = aws_security_group.database.id
  source_security_group_id = aws_security_group.web.id
  from_port                = 3306
  to_port                  = 3306
  protocol                 = "tcp"
}
data "aws_iam_policy_document" "web" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}
resource "aws_iam_role" "web" {
  name_prefix        = "quay-"
  assume_role_policy = data.aws_iam_policy_document.web.json
}
resource "aws_iam_role_policy" "web" {
  role = aws_iam_role.web.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "${aws_s3_bucket.cargo.arn}/*" }]
  })
}
resource "aws_iam_instance_profile" "web" {
  name_prefix = "quay-"
  role        = aws_iam_role.web.name
}
resource "aws_launch_template" "web" {
  name_prefix            = "quay-"
  image_id               = data.aws_ssm_parameter.image.value
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.web.id]
  update_default_version = true
  iam_instance_profile { arn = aws_iam_instance_profile.web.arn }
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
  }
  monitoring { enabled = false }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size           = 9
      volume_type           = "gp3"
      delete_on_termination = true
    }
  }
  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "quay" }
  }
  tag_specifications {
    resource_type = "volume"
    tags          = { Name = "quay" }
  }
  user_data = base64encode(<<-END
    #!/bin/sh
    mkdir -p /srv/page && cd /srv/page && echo '${var.greeting}' > index.html && exec python3 -m http.server 80
  END
  )
}
resource "aws_lb" "front" {
  name_prefix        = "quay-"
  load_balancer_type = "application"
  security_groups    = [aws_security_group.balancer.id]
  subnets            = aws_subnet.public[*].id
}
resource "aws_lb_target_group" "web" {
  name_prefix          = "quay-"
  port                 = 80
  protocol             = "HTTP"
  vpc_id               = aws_vpc.quay.id
  deregistration_delay = 5
  health_check {
    path                = "/"
    interval            = 5
    timeout             = 2
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}
resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.front.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}
resource "aws_lb_listener_rule" "no" {
  listener_arn = aws_lb_listener.http.arn
  priority     = 10
  action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      message_body = "not here"
      status_code  = "410"
    }
  }
  condition {
    path_pattern { values = ["/old/*"] }
  }
}
resource "aws_autoscaling_group" "web" {
  name_prefix               = "quay-"
  min_size                  = 1
  max_size                  = 3
  desired_capacity          = 1
  vpc_zone_identifier       = aws_subnet.private[*].id
  target_group_arns         = [aws_lb_target_group.web.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 60
  launch_template {
    id      = aws_launch_template.web.id
    version = aws_launch_template.web.latest_version
  }
  tag {
    key                 = "Name"
    value               = "quay"
    propagate_at_launch = true
  }
}
resource "aws_db_subnet_group" "database" {
  name       = "quay"
  subnet_ids = aws_subnet.private[*].id
}
resource "aws_db_instance" "database" {
  identifier             = "quay"
  engine                 = "mysql"
  instance_class         = "db.t3.micro"
  allocated_storage      = 20
  db_name                = "quay"
  username               = "captain"
  password               = "A-long-secret-1"
  db_subnet_group_name   = aws_db_subnet_group.database.name
  vpc_security_group_ids = [aws_security_group.database.id]
  skip_final_snapshot    = true
}
resource "aws_s3_bucket" "cargo" {
  bucket_prefix = "quay-"
  force_destroy = true
}
resource "aws_s3_bucket_public_access_block" "cargo" {
  bucket                  = aws_s3_bucket.cargo.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_versioning" "cargo" {
  bucket = aws_s3_bucket.cargo.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_object" "manifest" {
  bucket  = aws_s3_bucket.cargo.id
  key     = "manifest.txt"
  content = "crates"
}
output "address" { value = aws_lb.front.dns_name }
output "group" { value = aws_autoscaling_group.web.name }
output "vpc" { value = aws_vpc.quay.id }
output "bucket" { value = aws_s3_bucket.cargo.id }
