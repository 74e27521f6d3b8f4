-- +goose Up
-- When the last event about an object was, so that old numbers can go.
ALTER TABLE webhook_counts ADD COLUMN at datetime NOT NULL DEFAULT 0;
UPDATE webhook_counts SET at = CAST(strftime('%s', 'now') AS integer) * 1000000;
CREATE INDEX webhook_counts_old ON webhook_counts (business_id, at);

-- +goose Down
DROP INDEX webhook_counts_old;
ALTER TABLE webhook_counts DROP COLUMN at;
