-- name: Receivers :many
SELECT * FROM webhook_receivers WHERE business_id = @business_id ORDER BY id;

-- name: Receiver :one
SELECT * FROM webhook_receivers WHERE business_id = @business_id AND id = @id;

-- name: InsertReceiver :execrows
INSERT INTO webhook_receivers (business_id, id, url, about, kinds, sealed, old_sealed, old_until, state, created_at)
VALUES (@business_id, @id, @url, @about, @kinds, @sealed, '', @created_at, 'on', @created_at) ON CONFLICT DO NOTHING;

-- name: Rotate :execrows
UPDATE webhook_receivers SET old_sealed = sealed, old_until = @old_until, sealed = @sealed WHERE business_id = @business_id AND id = @id AND sealed = @was;

-- name: SetState :execrows
UPDATE webhook_receivers SET state = @state, failing_at = @failing_at WHERE business_id = @business_id AND id = @id AND state <> @state;

-- name: Failing :exec
UPDATE webhook_receivers SET failing_at = @failing_at WHERE business_id = @business_id AND id = @id AND failing_at IS NULL;

-- name: Well :exec
UPDATE webhook_receivers SET failing_at = NULL WHERE business_id = @business_id AND id = @id AND failing_at IS NOT NULL;

-- name: DropReceiver :execrows
DELETE FROM webhook_receivers WHERE business_id = @business_id AND id = @id;

-- name: DropDeliveries :exec
DELETE FROM webhook_deliveries WHERE business_id = @business_id AND receiver_id = @receiver_id;

-- DropLost deletes a delivery whose receiver is gone.
-- name: DropLost :exec
DELETE FROM webhook_deliveries WHERE webhook_deliveries.business_id = @business_id AND webhook_deliveries.id = @id
  AND NOT EXISTS (SELECT 1 FROM webhook_receivers r WHERE r.business_id = webhook_deliveries.business_id AND r.id = webhook_deliveries.receiver_id);

-- name: Count :one
INSERT INTO webhook_counts (business_id, object_id, last, at) VALUES (@business_id, @object_id, @first, @at)
ON CONFLICT (business_id, object_id) DO UPDATE SET last = webhook_counts.last + 1, at = excluded.at RETURNING last;

-- name: InsertDelivery :exec
INSERT INTO webhook_deliveries (business_id, id, receiver_id, event_id, kind, body, state, tries, status, took_ms, answer, why, begun_at, due_at, created_at)
VALUES (@business_id, @id, @receiver_id, @event_id, @kind, @body, 'waiting', 0, 0, 0, '', '', @created_at, @due_at, @created_at);

-- name: Delivery :one
SELECT * FROM webhook_deliveries WHERE business_id = @business_id AND id = @id;

-- name: Deliveries :many
SELECT * FROM webhook_deliveries WHERE business_id = @business_id AND receiver_id = @receiver_id AND id < @before_id ORDER BY id DESC LIMIT @most;

-- name: Failed :many
SELECT id FROM webhook_deliveries WHERE business_id = @business_id AND receiver_id = @receiver_id AND state = 'failed' AND created_at >= @since ORDER BY id LIMIT 1000;

-- name: Tried :exec
UPDATE webhook_deliveries SET state = @state, tries = tries + @more, status = @status, took_ms = @took_ms, answer = @answer, why = @why, tried_at = @tried_at, due_at = @due_at
WHERE business_id = @business_id AND id = @id;

-- name: Again :execrows
UPDATE webhook_deliveries SET state = 'waiting', begun_at = @begun_at, due_at = @due_at WHERE business_id = @business_id AND id = @id AND state <> 'waiting';

-- name: Sweep :execrows
DELETE FROM webhook_deliveries WHERE webhook_deliveries.business_id = @business_id AND webhook_deliveries.id IN (
  SELECT d.id FROM webhook_deliveries d WHERE d.business_id = @business_id AND d.created_at < @before AND d.state <> 'waiting' LIMIT @most);

-- name: SweepCounts :execrows
DELETE FROM webhook_counts WHERE webhook_counts.business_id = @business_id AND webhook_counts.object_id IN (
  SELECT c.object_id FROM webhook_counts c WHERE c.business_id = @business_id AND c.at < @before LIMIT @most);

-- Left tells whether there is anything that will have to be swept.
-- name: Left :one
SELECT CAST(CASE WHEN EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.business_id = @business_id)
  OR EXISTS (SELECT 1 FROM webhook_counts c WHERE c.business_id = @business_id) THEN true ELSE false END AS boolean) AS something;
