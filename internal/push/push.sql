-- Subscribing twice from one browser keeps one row, with the newer keys.
-- name: PutSubscription :exec
INSERT INTO push_subscriptions (business_id, id, person_id, endpoint, endpoint_hash, p256dh, auth, lang, created_at)
VALUES (@business_id, @id, @person_id, @endpoint, @endpoint_hash, @p256dh, @auth, @lang, @created_at)
ON CONFLICT (business_id, endpoint_hash) DO UPDATE SET person_id = excluded.person_id, p256dh = excluded.p256dh, auth = excluded.auth, lang = excluded.lang;

-- name: DeleteSubscription :execrows
DELETE FROM push_subscriptions WHERE business_id = @business_id AND endpoint_hash = @endpoint_hash;

-- name: DeleteSubscriptionsOf :execrows
DELETE FROM push_subscriptions WHERE business_id = @business_id AND person_id = @person_id;

-- name: Subscriptions :many
SELECT id FROM push_subscriptions WHERE business_id = @business_id ORDER BY id LIMIT 100;

-- name: Subscription :one
SELECT person_id, endpoint, endpoint_hash, p256dh, auth, lang FROM push_subscriptions WHERE business_id = @business_id AND id = @id;
