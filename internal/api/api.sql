-- name: InsertToken :execrows
INSERT INTO api_tokens (id, business_id, token_hash, begins, name, grants, person_id, membership_id, created_at, expires_at)
VALUES (@id, @business_id, @token_hash, @begins, @name, @grants, @person_id, @membership_id, @created_at, @expires_at) ON CONFLICT DO NOTHING;

-- name: CountTokens :one
SELECT count(*) FROM api_tokens WHERE business_id = @business_id AND revoked_at IS NULL AND expires_at > @now;

-- Tokens lists the keys that work before those that are over, each newest first.
-- name: Tokens :many
SELECT id, begins, name, grants, person_id, created_at, expires_at, revoked_at, used_at FROM api_tokens
WHERE business_id = @business_id ORDER BY CASE WHEN revoked_at IS NULL AND expires_at > @now THEN 0 ELSE 1 END, id DESC LIMIT 100;

-- name: Token :one
SELECT id, begins, name, grants, person_id, created_at, expires_at, revoked_at, used_at FROM api_tokens
WHERE business_id = @business_id AND id = @id;

-- ByHash finds a key by its secret.
-- name: ByHash :one
SELECT id, business_id, name, grants, person_id, membership_id, expires_at, revoked_at, used_at FROM api_tokens WHERE token_hash = @token_hash;

-- name: Revoke :execrows
UPDATE api_tokens SET revoked_at = @now WHERE business_id = @business_id AND id = @id AND revoked_at IS NULL;

-- name: HasToken :one
SELECT count(*) FROM api_tokens WHERE business_id = @business_id AND id = @id;

-- name: SeeToken :exec
UPDATE api_tokens SET used_at = @used_at WHERE business_id = @business_id AND id = @id;

-- name: DropTokens :exec
DELETE FROM api_tokens WHERE business_id = @business_id AND (revoked_at < @before OR expires_at < @before);

-- Claim takes a key for an answer to come; no row means that it is taken.
-- name: Claim :execrows
INSERT INTO api_answers (business_id, caller, route, key_hash, body_hash, status, answer, created_at)
VALUES (@business_id, @caller, @route, @key_hash, @body_hash, 0, '', @created_at)
ON CONFLICT (business_id, caller, route, key_hash) DO UPDATE SET body_hash = excluded.body_hash, status = 0, answer = '', customer_id = NULL,
  created_at = excluded.created_at
WHERE api_answers.created_at < @stale;

-- name: Answer :one
SELECT body_hash, status, answer, created_at FROM api_answers
WHERE business_id = @business_id AND caller = @caller AND route = @route AND key_hash = @key_hash;

-- name: PutAnswer :execrows
UPDATE api_answers SET status = @status, answer = @answer, customer_id = @customer_id
WHERE business_id = @business_id AND caller = @caller AND route = @route AND key_hash = @key_hash;

-- Erase leaves of answers about a customer that they were given, and nothing else.
-- name: Erase :exec
UPDATE api_answers SET status = 410, answer = '' WHERE business_id = @business_id AND customer_id = @customer_id;

-- name: Sweep :execrows
DELETE FROM api_answers WHERE business_id = @business_id AND created_at < @stale;

-- name: Oldest :one
SELECT created_at FROM api_answers WHERE business_id = @business_id ORDER BY created_at LIMIT 1;
