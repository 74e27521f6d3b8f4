-- +goose Up
-- Where a shop's events go. The secret is sealed under the installation's key;
-- the one before it signs too until old_until.
CREATE TABLE webhook_receivers (
  business_id blob NOT NULL,
  id blob NOT NULL,
  url text NOT NULL,
  about text NOT NULL,
  kinds text NOT NULL,
  sealed text NOT NULL,
  old_sealed text NOT NULL,
  old_until datetime NOT NULL,
  state text NOT NULL,
  failing_at datetime,
  created_at datetime NOT NULL,
  PRIMARY KEY (business_id, id)
) WITHOUT ROWID;

-- What is sent to one receiver: ids, states, sums and times, no personal data.
CREATE TABLE webhook_deliveries (
  business_id blob NOT NULL,
  id blob NOT NULL,
  receiver_id blob NOT NULL,
  event_id blob NOT NULL,
  kind text NOT NULL,
  body text NOT NULL,
  state text NOT NULL,
  tries bigint NOT NULL,
  status bigint NOT NULL,
  took_ms bigint NOT NULL,
  answer text NOT NULL,
  why text NOT NULL,
  begun_at datetime NOT NULL,
  tried_at datetime,
  due_at datetime,
  created_at datetime NOT NULL,
  PRIMARY KEY (business_id, id)
) WITHOUT ROWID;
CREATE INDEX webhook_deliveries_receiver ON webhook_deliveries (business_id, receiver_id, id);
CREATE INDEX webhook_deliveries_old ON webhook_deliveries (business_id, created_at);

-- The number of the last event about an object.
CREATE TABLE webhook_counts (
  business_id blob NOT NULL,
  object_id blob NOT NULL,
  last bigint NOT NULL,
  PRIMARY KEY (business_id, object_id)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE webhook_counts;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_receivers;
