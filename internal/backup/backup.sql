-- Begin takes the one place of a running run; no row means that another runs.
-- name: Begin :execrows
INSERT INTO backup_runs (id, kind, state, wanted_by, started_at, beat_at, file, size, row_count, sum, places, detail)
VALUES (@id, @kind, 'running', @wanted_by, @now, @now, '', 0, 0, '', '', '')
ON CONFLICT DO NOTHING;

-- Bury ends runs whose server went down in the middle.
-- name: Bury :execrows
UPDATE backup_runs SET state = 'failed', ended_at = @now, detail = @detail WHERE state = 'running' AND beat_at < @stale;

-- name: Beat :execrows
UPDATE backup_runs SET beat_at = @now WHERE id = @id AND state = 'running';

-- name: Finish :execrows
UPDATE backup_runs SET state = @state, ended_at = @now, covers_at = @covers_at, file = @file, size = @size, row_count = @row_count, sum = @sum, places = @places, detail = @detail
WHERE id = @id AND state = 'running';

-- name: Runs :many
SELECT * FROM backup_runs WHERE kind = @kind ORDER BY started_at DESC, id DESC LIMIT @most;

-- name: LastOf :one
SELECT * FROM backup_runs WHERE kind = @kind AND state = @state ORDER BY started_at DESC, id DESC LIMIT 1;

-- name: Forget :exec
DELETE FROM backup_runs WHERE started_at < @before;

-- name: PutErasure :exec
INSERT INTO backup_erasures (business_id, customer_id, erased_at) VALUES (@business_id, @customer_id, @erased_at)
ON CONFLICT (business_id, customer_id) DO NOTHING;

-- name: Erasures :many
SELECT * FROM backup_erasures ORDER BY erased_at, business_id, customer_id;
