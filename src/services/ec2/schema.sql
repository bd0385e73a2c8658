-- migration 1
-- Regions an account has used: each was given its default VPC once.
CREATE TABLE ec2_region (account TEXT NOT NULL, region TEXT NOT NULL, PRIMARY KEY (account, region));
CREATE TABLE ec2_vpc (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY,
  cidr TEXT NOT NULL, is_default INTEGER NOT NULL DEFAULT 0,
  dns_support INTEGER NOT NULL DEFAULT 1, dns_hostnames INTEGER NOT NULL DEFAULT 0,
  main_route_table TEXT NOT NULL, default_group TEXT NOT NULL, network_acl TEXT NOT NULL,
  created INTEGER NOT NULL);
CREATE INDEX ec2_vpc_owner ON ec2_vpc (account, region);
CREATE TABLE ec2_subnet (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY,
  vpc TEXT NOT NULL REFERENCES ec2_vpc (id), cidr TEXT NOT NULL, zone TEXT NOT NULL,
  is_default INTEGER NOT NULL DEFAULT 0, map_public_ip INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL);
CREATE INDEX ec2_subnet_vpc ON ec2_subnet (vpc);
CREATE TABLE ec2_internet_gateway (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY,
  vpc TEXT REFERENCES ec2_vpc (id), created INTEGER NOT NULL);
CREATE TABLE ec2_nat_gateway (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY,
  vpc TEXT NOT NULL, subnet TEXT NOT NULL, interface TEXT NOT NULL, connectivity TEXT NOT NULL,
  allocation TEXT, state TEXT NOT NULL, client_token TEXT, created INTEGER NOT NULL, deleted INTEGER);
CREATE TABLE ec2_route_table (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY,
  vpc TEXT NOT NULL REFERENCES ec2_vpc (id), created INTEGER NOT NULL);
CREATE TABLE ec2_route (
  route_table TEXT NOT NULL REFERENCES ec2_route_table (id) ON DELETE CASCADE,
  destination TEXT NOT NULL, gateway TEXT, nat_gateway TEXT, origin TEXT NOT NULL,
  PRIMARY KEY (route_table, destination));
CREATE TABLE ec2_route_table_association (
  id TEXT NOT NULL PRIMARY KEY, route_table TEXT NOT NULL REFERENCES ec2_route_table (id),
  subnet TEXT UNIQUE, vpc TEXT NOT NULL, is_main INTEGER NOT NULL DEFAULT 0);
CREATE TABLE ec2_security_group (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY,
  vpc TEXT NOT NULL REFERENCES ec2_vpc (id), name TEXT NOT NULL, description TEXT NOT NULL,
  created INTEGER NOT NULL, UNIQUE (vpc, name));
CREATE TABLE ec2_security_group_rule (
  id TEXT NOT NULL PRIMARY KEY, security_group TEXT NOT NULL REFERENCES ec2_security_group (id) ON DELETE CASCADE,
  is_egress INTEGER NOT NULL, protocol TEXT NOT NULL, from_port INTEGER NOT NULL, to_port INTEGER NOT NULL,
  cidr TEXT, cidr6 TEXT, peer_group TEXT, description TEXT);
CREATE INDEX ec2_security_group_rule_group ON ec2_security_group_rule (security_group);
CREATE TABLE ec2_interface (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY,
  vpc TEXT NOT NULL, subnet TEXT NOT NULL REFERENCES ec2_subnet (id), address TEXT NOT NULL, mac TEXT NOT NULL,
  description TEXT NOT NULL, public_address INTEGER NOT NULL DEFAULT 0, is_local INTEGER NOT NULL DEFAULT 0,
  requester TEXT, source_dest_check INTEGER NOT NULL DEFAULT 1,
  instance TEXT, attachment TEXT, device_index INTEGER, delete_on_termination INTEGER NOT NULL DEFAULT 0,
  attached INTEGER, client_token TEXT, created INTEGER NOT NULL, UNIQUE (subnet, address));
CREATE INDEX ec2_interface_vpc ON ec2_interface (vpc);
CREATE INDEX ec2_interface_instance ON ec2_interface (instance);
CREATE TABLE ec2_interface_group (
  interface TEXT NOT NULL REFERENCES ec2_interface (id) ON DELETE CASCADE, security_group TEXT NOT NULL,
  position INTEGER NOT NULL, PRIMARY KEY (interface, security_group));
CREATE INDEX ec2_interface_group_group ON ec2_interface_group (security_group);
CREATE TABLE ec2_tag (
  account TEXT NOT NULL, region TEXT NOT NULL, resource TEXT NOT NULL, type TEXT NOT NULL,
  key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (resource, key));
-- What the kernel may still have although its row is gone; forgotten once it is removed there.
CREATE TABLE ec2_network_gone (kind TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, vpc TEXT NOT NULL);
CREATE TABLE ec2_instance (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, reservation TEXT NOT NULL,
  launch_index INTEGER NOT NULL, requester TEXT, client_token TEXT,
  state TEXT NOT NULL, wanted TEXT NOT NULL, reason_code TEXT, reason TEXT, transition TEXT NOT NULL DEFAULT '',
  image TEXT NOT NULL, type TEXT NOT NULL, subnet TEXT NOT NULL, vpc TEXT NOT NULL, zone TEXT NOT NULL,
  key_name TEXT, profile TEXT, user_data TEXT, http_tokens TEXT NOT NULL, metadata_tags INTEGER NOT NULL DEFAULT 0,
  metadata_hops INTEGER NOT NULL DEFAULT 1,
  protects_termination INTEGER NOT NULL DEFAULT 0, shutdown TEXT NOT NULL DEFAULT 'stop',
  launched INTEGER NOT NULL, ended INTEGER);
CREATE INDEX ec2_instance_owner ON ec2_instance (account, region);
CREATE INDEX ec2_instance_token ON ec2_instance (account, region, client_token);
CREATE TABLE ec2_launch_template (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
  default_version INTEGER NOT NULL, latest_version INTEGER NOT NULL, creator TEXT NOT NULL, client_token TEXT,
  created INTEGER NOT NULL, UNIQUE (account, region, name));
CREATE TABLE ec2_launch_template_version (
  template TEXT NOT NULL REFERENCES ec2_launch_template (id) ON DELETE CASCADE, version INTEGER NOT NULL,
  description TEXT, data TEXT NOT NULL, creator TEXT NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (template, version));
CREATE TABLE ec2_key_pair (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
  type TEXT NOT NULL, fingerprint TEXT NOT NULL, public_key TEXT NOT NULL, created INTEGER NOT NULL,
  UNIQUE (account, region, name));
-- migration 2
-- How much of an instance's output is in CloudWatch Logs.
ALTER TABLE ec2_instance ADD COLUMN console_position INTEGER NOT NULL DEFAULT 0;
-- migration 3
ALTER TABLE ec2_vpc ADD COLUMN tenancy TEXT NOT NULL DEFAULT 'default';
-- migration 4
-- Public addresses in use. Without an id it is the interface's own and goes when the instance stops.
CREATE TABLE ec2_address (
  address TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,
  id TEXT UNIQUE, association TEXT UNIQUE, interface TEXT UNIQUE, created INTEGER NOT NULL);
ALTER TABLE ec2_nat_gateway ADD COLUMN failure_code TEXT;
ALTER TABLE ec2_nat_gateway ADD COLUMN failure TEXT;
-- migration 5
ALTER TABLE ec2_instance ADD COLUMN monitoring INTEGER NOT NULL DEFAULT 0;
-- migration 6
-- Without a size it is a folder of the machine: the root of an instance whose launch named none.
CREATE TABLE ec2_volume (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, zone TEXT NOT NULL,
  gib INTEGER, type TEXT NOT NULL, iops INTEGER, throughput INTEGER, state TEXT NOT NULL,
  instance TEXT, device TEXT, attachment TEXT, attached INTEGER, delete_on_termination INTEGER NOT NULL DEFAULT 0,
  is_forced INTEGER NOT NULL DEFAULT 0, client_token TEXT, created INTEGER NOT NULL);
CREATE INDEX ec2_volume_owner ON ec2_volume (account, region);
CREATE INDEX ec2_volume_instance ON ec2_volume (instance);
INSERT INTO ec2_volume (account, region, id, zone, type, state, instance, device, attachment, attached,
    delete_on_termination, created)
  SELECT account, region, 'vol-' || substr(id, 3), zone, 'gp3', 'in-use', id, '/dev/xvda', 'attached', launched, 1,
    launched FROM ec2_instance WHERE state <> 'terminated';
-- migration 7
-- Zones that their account has cut off.
CREATE TABLE ec2_zone_cut (
  account TEXT NOT NULL, region TEXT NOT NULL, zone TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (account, zone));
-- migration 8
CREATE TABLE ec2_network_acl (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, vpc TEXT NOT NULL REFERENCES ec2_vpc (id),
  is_default INTEGER NOT NULL, client_token TEXT, created INTEGER NOT NULL);
CREATE INDEX ec2_network_acl_owner ON ec2_network_acl (account, region);
CREATE INDEX ec2_network_acl_vpc ON ec2_network_acl (vpc);
-- Ports of TCP and UDP; of ICMP its type and code.
CREATE TABLE ec2_network_acl_entry (
  acl TEXT NOT NULL REFERENCES ec2_network_acl (id) ON DELETE CASCADE, is_egress INTEGER NOT NULL,
  number INTEGER NOT NULL, protocol INTEGER NOT NULL, action TEXT NOT NULL, cidr TEXT, cidr6 TEXT,
  from_port INTEGER, to_port INTEGER, PRIMARY KEY (acl, is_egress, number));
CREATE TABLE ec2_network_acl_association (
  id TEXT NOT NULL PRIMARY KEY, acl TEXT NOT NULL REFERENCES ec2_network_acl (id), subnet TEXT NOT NULL UNIQUE);
CREATE INDEX ec2_network_acl_association_acl ON ec2_network_acl_association (acl);
INSERT INTO ec2_network_acl (account, region, id, vpc, is_default, created)
  SELECT account, region, network_acl, id, 1, created FROM ec2_vpc;
INSERT INTO ec2_network_acl_entry (acl, is_egress, number, protocol, action, cidr)
  SELECT network_acl, 0, 100, -1, 'allow', '0.0.0.0/0' FROM ec2_vpc
  UNION ALL SELECT network_acl, 1, 100, -1, 'allow', '0.0.0.0/0' FROM ec2_vpc;
INSERT INTO ec2_network_acl_association (id, acl, subnet)
  SELECT 'aclassoc-' || substr(s.id, 8), v.network_acl, s.id FROM ec2_subnet s JOIN ec2_vpc v ON v.id = s.vpc;
-- migration 9
-- What a volume was made of: `snapshot` is told, `origin` is that one until its content is copied, and `base` the
-- one whose folder lies below a root's own writable layer.
ALTER TABLE ec2_volume ADD COLUMN snapshot TEXT;
ALTER TABLE ec2_volume ADD COLUMN origin TEXT;
ALTER TABLE ec2_volume ADD COLUMN base TEXT;
ALTER TABLE ec2_volume ADD COLUMN holds_root INTEGER NOT NULL DEFAULT 0;
UPDATE ec2_volume SET holds_root = 1 WHERE device = '/dev/xvda';
-- A disk's content is a file, a folder's a folder. A deleted one stays as long as something is based on it.
CREATE TABLE ec2_snapshot (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, volume TEXT NOT NULL, gib INTEGER NOT NULL,
  is_disk INTEGER NOT NULL, holds_root INTEGER NOT NULL, base TEXT, source TEXT, image TEXT,
  is_held INTEGER NOT NULL DEFAULT 0, description TEXT NOT NULL, state TEXT NOT NULL, message TEXT,
  started INTEGER NOT NULL, completed INTEGER);
CREATE INDEX ec2_snapshot_owner ON ec2_snapshot (account, region);
CREATE INDEX ec2_snapshot_volume ON ec2_snapshot (volume);
-- The name is free again once the image is deregistered, and then its row is gone.
CREATE TABLE ec2_image (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
  description TEXT NOT NULL, state TEXT NOT NULL, reason TEXT, instance TEXT, source TEXT, source_region TEXT,
  reboots INTEGER NOT NULL DEFAULT 0, client_token TEXT, created INTEGER NOT NULL, UNIQUE (account, region, name));
CREATE TABLE ec2_image_device (
  image TEXT NOT NULL REFERENCES ec2_image (id) ON DELETE CASCADE, device TEXT NOT NULL, snapshot TEXT, gib INTEGER,
  type TEXT NOT NULL, iops INTEGER, throughput INTEGER, delete_on_termination INTEGER NOT NULL,
  PRIMARY KEY (image, device));
-- Accounts that may launch from an image; 'all' is everybody.
CREATE TABLE ec2_image_permission (
  image TEXT NOT NULL REFERENCES ec2_image (id) ON DELETE CASCADE, account TEXT NOT NULL, PRIMARY KEY (image, account));
-- migration 10
-- Gateway endpoints, and the route tables that lead to them.
CREATE TABLE ec2_vpc_endpoint (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, vpc TEXT NOT NULL REFERENCES ec2_vpc (id),
  service TEXT NOT NULL, client_token TEXT, created INTEGER NOT NULL);
CREATE INDEX ec2_vpc_endpoint_vpc ON ec2_vpc_endpoint (vpc);
CREATE TABLE ec2_vpc_endpoint_route (
  endpoint TEXT NOT NULL REFERENCES ec2_vpc_endpoint (id) ON DELETE CASCADE,
  route_table TEXT NOT NULL REFERENCES ec2_route_table (id) ON DELETE CASCADE, PRIMARY KEY (endpoint, route_table));
CREATE INDEX ec2_vpc_endpoint_route_table ON ec2_vpc_endpoint_route (route_table);
-- migration 11
-- The key of KMS that a disk's own key is encrypted with, and what that was bound to; none: nothing is encrypted.
ALTER TABLE ec2_volume ADD COLUMN kms_key TEXT;
ALTER TABLE ec2_volume ADD COLUMN data_key TEXT;
ALTER TABLE ec2_volume ADD COLUMN key_bound_to TEXT;
ALTER TABLE ec2_snapshot ADD COLUMN kms_key TEXT;
ALTER TABLE ec2_snapshot ADD COLUMN data_key TEXT;
ALTER TABLE ec2_snapshot ADD COLUMN key_bound_to TEXT;
CREATE TABLE ec2_ebs_default (
  account TEXT NOT NULL, region TEXT NOT NULL, encrypts INTEGER NOT NULL, kms_key TEXT, PRIMARY KEY (account, region));
-- migration 12
ALTER TABLE ec2_volume ADD COLUMN auto_enable_io INTEGER NOT NULL DEFAULT 0;
-- The last modification of a volume. Its end is null until it is made.
CREATE TABLE ec2_volume_modification (
  volume TEXT NOT NULL PRIMARY KEY REFERENCES ec2_volume (id) ON DELETE CASCADE,
  old_gib INTEGER, old_type TEXT NOT NULL, old_iops INTEGER, old_throughput INTEGER,
  gib INTEGER, type TEXT NOT NULL, iops INTEGER, throughput INTEGER,
  state TEXT NOT NULL, message TEXT, started INTEGER NOT NULL, ended INTEGER);
-- migration 13
CREATE TABLE ec2_dhcp_options (
  account TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL PRIMARY KEY, created INTEGER NOT NULL);
CREATE INDEX ec2_dhcp_options_owner ON ec2_dhcp_options (account, region);
CREATE TABLE ec2_dhcp_option (
  options TEXT NOT NULL REFERENCES ec2_dhcp_options (id) ON DELETE CASCADE, key TEXT NOT NULL,
  position INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (options, key, position));
-- Null: the set that every region has; 'default': none at all.
ALTER TABLE ec2_vpc ADD COLUMN dhcp_options TEXT;
-- migration 14
ALTER TABLE ec2_instance ADD COLUMN metadata_enabled INTEGER NOT NULL DEFAULT 1;
-- migration 15
-- Ends keep their networks, for those who ask about one that is over.
CREATE TABLE ec2_peering (
  id TEXT NOT NULL PRIMARY KEY, region TEXT NOT NULL, requester_account TEXT NOT NULL, requester_vpc TEXT NOT NULL,
  requester_cidr TEXT NOT NULL, accepter_account TEXT NOT NULL, accepter_vpc TEXT NOT NULL,
  accepter_cidr TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL, created INTEGER NOT NULL);
CREATE INDEX ec2_peering_requester ON ec2_peering (requester_vpc);
CREATE INDEX ec2_peering_accepter ON ec2_peering (accepter_vpc);
ALTER TABLE ec2_route ADD COLUMN peering TEXT;
-- migration 16
-- A snapshot that an instance boots from with nothing of the machine's own image below it.
ALTER TABLE ec2_snapshot ADD COLUMN is_whole INTEGER NOT NULL DEFAULT 0;
-- Images whose root is still to be unpacked, and the object it is in.
CREATE TABLE ec2_image_restoration (
  image TEXT NOT NULL PRIMARY KEY REFERENCES ec2_image (id) ON DELETE CASCADE, snapshot TEXT NOT NULL,
  bucket TEXT NOT NULL, key TEXT NOT NULL);
-- migration 17
ALTER TABLE ec2_instance ADD COLUMN protects_running INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ec2_instance ADD COLUMN ebs_optimized INTEGER NOT NULL DEFAULT 0;
CREATE TABLE ec2_profile_association (
  id TEXT NOT NULL PRIMARY KEY, instance TEXT NOT NULL UNIQUE REFERENCES ec2_instance (id) ON DELETE CASCADE,
  created INTEGER NOT NULL);
INSERT INTO ec2_profile_association (id, instance, created)
  SELECT 'iip-assoc-' || substr(id, 3), id, launched FROM ec2_instance WHERE profile IS NOT NULL;
-- migration 18
-- Requests that an instance fulfils. Times in milliseconds; noticed and ends are of an interruption.
CREATE TABLE ec2_spot_request (
  id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,
  instance TEXT NOT NULL UNIQUE REFERENCES ec2_instance (id) ON DELETE CASCADE, max_price TEXT,
  cancelled INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, noticed INTEGER, ends INTEGER);
-- migration 19
-- Describe operations ask for what is in one network, or has one name.
CREATE INDEX ec2_security_group_name ON ec2_security_group (name);
CREATE INDEX ec2_route_table_vpc ON ec2_route_table (vpc);
CREATE INDEX ec2_internet_gateway_vpc ON ec2_internet_gateway (vpc);
CREATE INDEX ec2_nat_gateway_vpc ON ec2_nat_gateway (vpc);
