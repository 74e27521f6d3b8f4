-- Put keeps one waiting job for each unique key, due at the earlier time. The
-- row it finds stays locked until the commit, so that a job taken after it
-- sees what this transaction wrote.
-- name: Put :exec
INSERT INTO jobs (business_id, id, kind, args, unique_key, due_at, tries, fence, give_up_at, created_at)
VALUES (@business_id, @id, @kind, @args, @unique_key, @due_at, 0, 0, @give_up_at, @created_at)
ON CONFLICT (business_id, kind, unique_key) DO UPDATE
SET due_at = CASE WHEN excluded.due_at < jobs.due_at THEN excluded.due_at ELSE jobs.due_at END;

-- Due lists jobs to take, leaving out the businesses that have their share.
-- name: Due :many
SELECT business_id, id, kind, args, tries, fence, give_up_at FROM jobs
WHERE dead_at IS NULL AND due_at <= @now AND business_id NOT IN (SELECT value FROM each_id(@busy))
ORDER BY due_at, id LIMIT @max;

-- Take leases one job, if it still waits. It does not wait for a transaction
-- that holds the row: the end of that one wakes the runner.
-- name: Take :execrows
UPDATE jobs SET due_at = @lease_end, tries = tries + 1, fence = fence + 1, unique_key = NULL
WHERE jobs.business_id = @business_id AND jobs.id IN (
  SELECT j.id FROM jobs j
  WHERE j.business_id = @business_id AND j.id = @id AND j.fence = @fence AND j.dead_at IS NULL AND j.due_at <= @now
  FOR UPDATE SKIP LOCKED);

-- name: Finish :execrows
DELETE FROM jobs WHERE business_id = @business_id AND id = @id AND fence = @fence;

-- name: Fail :execrows
UPDATE jobs SET due_at = @due_at, last_error = @last_error, dead_at = @dead_at
WHERE business_id = @business_id AND id = @id AND fence = @fence;

-- name: Release :execrows
UPDATE jobs SET due_at = @due_at, tries = tries - 1 WHERE business_id = @business_id AND id = @id AND fence = @fence;

-- name: Held :execrows
UPDATE jobs SET fence = fence WHERE business_id = @business_id AND id = @id AND fence = @fence;

-- name: DeadOf :many
SELECT business_id, id, kind, tries, created_at, dead_at, last_error FROM jobs
WHERE business_id = @business_id AND dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT @max;

-- name: DeadAll :many
SELECT business_id, id, kind, tries, created_at, dead_at, last_error FROM jobs
WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT @max;

-- name: Retry :execrows
UPDATE jobs SET dead_at = NULL, due_at = @now, give_up_at = @give_up_at
WHERE business_id = @business_id AND id = @id AND dead_at IS NOT NULL;

-- name: Waiting :one
SELECT CAST(count(*) AS bigint) AS waiting, CAST(coalesce(sum(CASE WHEN dead_at IS NULL THEN 0 ELSE 1 END), 0) AS bigint) AS dead FROM jobs;

-- name: Oldest :one
SELECT due_at FROM jobs WHERE dead_at IS NULL ORDER BY due_at, id LIMIT 1;

-- name: Schedules :many
SELECT name, next_at FROM job_schedules ORDER BY name LIMIT 1000;

-- name: MakeSchedule :exec
INSERT INTO job_schedules (name, next_at) VALUES (@name, @next_at) ON CONFLICT (name) DO NOTHING;

-- ClaimSchedule holds for one server. A time that lies farther ahead than the
-- schedule's length can only come from a clock that was wrong.
-- name: ClaimSchedule :execrows
UPDATE job_schedules SET next_at = @next_at, last_at = @now
WHERE name = @name AND (next_at <= @now OR next_at > @too_far);

-- name: SetSchedule :exec
UPDATE job_schedules SET next_at = @next_at WHERE name = @name;
