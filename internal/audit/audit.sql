-- TakeHead moves the end of the chain by n entries and says what it was.
-- name: TakeHead :one
INSERT INTO audit_heads (business_id, seq, hash) VALUES (@business_id, @n, '')
ON CONFLICT (business_id) DO UPDATE SET seq = audit_heads.seq + excluded.seq
RETURNING seq, hash;

-- name: SetHead :execrows
UPDATE audit_heads SET hash = @hash WHERE business_id = @business_id AND seq = @seq;

-- name: Head :one
SELECT seq, hash FROM audit_heads WHERE business_id = @business_id;

-- name: InsertEntry :exec
INSERT INTO audit (business_id, seq, at, actor_id, membership_id, on_behalf_id, role, verb, object_id, result, request, diff, hash)
VALUES (@business_id, @seq, @at, @actor_id, @membership_id, @on_behalf_id, @role, @verb, @object_id, @result, @request, @diff, @hash);

-- name: Entries :many
SELECT seq, at, actor_id, membership_id, on_behalf_id, role, verb, object_id, result, request, diff, hash FROM audit
WHERE business_id = @business_id AND seq < @before ORDER BY seq DESC LIMIT @max;

-- name: EntriesOf :many
SELECT seq, at, actor_id, membership_id, on_behalf_id, role, verb, object_id, result, request, diff, hash FROM audit
WHERE business_id = @business_id AND object_id = @object_id AND seq < @before ORDER BY seq DESC LIMIT @max;

-- name: EntriesAfter :many
SELECT seq, at, actor_id, membership_id, on_behalf_id, role, verb, object_id, result, request, diff, hash FROM audit
WHERE business_id = @business_id AND seq > @after ORDER BY seq LIMIT @max;
