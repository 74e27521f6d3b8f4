-- +goose Up
CREATE TABLE push_subscriptions (
  business_id blob NOT NULL,
  id blob NOT NULL,
  person_id blob NOT NULL,
  endpoint text NOT NULL,
  endpoint_hash text NOT NULL,
  p256dh text NOT NULL,
  auth text NOT NULL,
  lang text NOT NULL,
  created_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, endpoint_hash)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE push_subscriptions;
