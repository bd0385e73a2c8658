-- The tables of SNS. What belongs to a topic is keyed by its account and region.
-- migration 1
CREATE TABLE sns_topic (
  account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (account, region, name));
-- Those that were set; others have their defaults.
CREATE TABLE sns_topic_attribute (
  account TEXT NOT NULL, region TEXT NOT NULL, topic TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (account, region, topic, name));
CREATE TABLE sns_tag (
  account TEXT NOT NULL, region TEXT NOT NULL, topic TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (account, region, topic, key));
-- state: pending, confirmed, deleted (by somebody who followed a link; the token gives it back for a while).
CREATE TABLE sns_subscription (
  id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, topic TEXT NOT NULL,
  owner TEXT NOT NULL, protocol TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL, token TEXT NOT NULL,
  expires INTEGER, was_authenticated INTEGER NOT NULL DEFAULT 0, authenticates INTEGER NOT NULL DEFAULT 0);
CREATE INDEX sns_subscription_topic ON sns_subscription (account, region, topic);
CREATE TABLE sns_subscription_attribute (
  subscription TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (subscription, name));
-- What is on its way. kind: Notification, SubscriptionConfirmation, UnsubscribeConfirmation.
CREATE TABLE sns_delivery (
  id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, subscription TEXT NOT NULL, message_id TEXT NOT NULL,
  subject TEXT, message TEXT NOT NULL, attributes TEXT NOT NULL, published INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL);
CREATE INDEX sns_delivery_subscription ON sns_delivery (subscription);
-- The one key that messages are signed with; sealed by the region's key.
CREATE TABLE sns_signer (id INTEGER PRIMARY KEY CHECK (id = 1), sealed BLOB NOT NULL, certificate TEXT NOT NULL);
