-- Hold makes the phone known and keeps its row until the transaction ends: its
-- acts are answered one after another.
-- name: Hold :exec
INSERT INTO outbox_phones (business_id, person_id, device_id, first_at, last_at) VALUES (@business_id, @person_id, @device_id, @now, @now)
ON CONFLICT (business_id, person_id, device_id) DO UPDATE SET last_at = excluded.last_at;

-- name: Phones :one
SELECT CAST(count(*) AS bigint) FROM outbox_phones WHERE business_id = @business_id AND person_id = @person_id AND device_id = @device_id;

-- name: Act :one
SELECT * FROM outbox_acts WHERE business_id = @business_id AND id = @id;

-- name: InsertAct :exec
INSERT INTO outbox_acts (business_id, id, person_id, membership_id, by_pin, device_id, after_id, kind, object_id, at, received_at, body_hash, body, seen, photo_id,
  state, fault, fault_args, mine, theirs, chosen)
VALUES (@business_id, @id, @person_id, @membership_id, @by_pin, @device_id, @after_id, @kind, @object_id, @at, @received_at, @body_hash, @body, @seen, @photo_id,
  'parked', @fault, '', '', '', false);

-- Passed counts the act before one, if it was answered.
-- name: Passed :one
SELECT CAST(count(*) AS bigint) FROM outbox_acts
WHERE business_id = @business_id AND id = @id AND person_id = @person_id AND device_id = @device_id AND state <> 'parked';

-- name: Answer :execrows
UPDATE outbox_acts SET state = @state, fault = @fault, fault_args = @fault_args, mine = @mine, theirs = @theirs, chosen = @chosen, answered_at = @now
WHERE business_id = @business_id AND id = @id AND state = @was;

-- Waiting counts the acts that wait for one.
-- name: Waiting :one
SELECT CAST(count(*) AS bigint) FROM outbox_acts
WHERE business_id = @business_id AND person_id = @person_id AND device_id = @device_id AND state = 'parked' AND after_id = @after_id;

-- Ready lists parked acts of a phone whose turn has come.
-- name: Ready :many
SELECT a.id FROM outbox_acts a
JOIN outbox_acts p ON p.business_id = a.business_id AND p.id = a.after_id AND p.person_id = a.person_id AND p.device_id = a.device_id
WHERE a.business_id = @business_id AND a.person_id = @person_id AND a.device_id = @device_id AND a.state = 'parked' AND p.state <> 'parked'
ORDER BY a.id LIMIT @most;

-- Forgotten lists phones with a parked act whose turn has come.
-- name: Forgotten :many
SELECT DISTINCT a.person_id, a.device_id FROM outbox_acts a
JOIN outbox_acts p ON p.business_id = a.business_id AND p.id = a.after_id AND p.person_id = a.person_id AND p.device_id = a.device_id
WHERE a.business_id = @business_id AND a.state = 'parked' AND p.state <> 'parked' LIMIT 100;

-- Open lists what waits for a person: of one, or of all.
-- name: Open :many
SELECT id, person_id, kind, object_id, at, received_at, state, fault, fault_args, mine, theirs FROM outbox_acts
WHERE business_id = @business_id AND state IN ('parked', 'clash', 'refused')
  AND (CAST(@everybody AS bigint) = 1 OR person_id = @person_id)
ORDER BY received_at DESC, id DESC LIMIT @most;

-- name: Old :many
SELECT id, photo_id FROM outbox_acts WHERE business_id = @business_id AND emptied_at IS NULL AND answered_at < @before ORDER BY answered_at LIMIT @most;

-- name: About :many
SELECT id, photo_id FROM outbox_acts WHERE business_id = @business_id AND emptied_at IS NULL AND object_id = @object_id;

-- Empty takes out what a person wrote. What still waited for a choice has had its time.
-- name: Empty :exec
UPDATE outbox_acts SET body = '', seen = '', fault_args = '', mine = '', theirs = '', photo_id = NULL, emptied_at = @now,
  state = CASE WHEN state IN ('parked', 'clash') THEN 'settled' ELSE state END,
  answered_at = CASE WHEN state = 'parked' THEN @now ELSE answered_at END
WHERE business_id = @business_id AND id = @id;

-- Left tells whether anything has to be swept one day.
-- name: Left :one
SELECT CAST(count(*) AS bigint) FROM (SELECT 1 FROM outbox_acts WHERE business_id = @business_id AND emptied_at IS NULL LIMIT 1) a;

-- RefusalsBy counts what was refused of a person's acts for one reason since a moment.
-- name: RefusalsBy :one
SELECT CAST(count(*) AS bigint) FROM outbox_acts
WHERE business_id = @business_id AND state = 'refused' AND received_at >= @since AND person_id = @person_id AND fault = @fault;

-- Refusals counts what was refused about an object for one reason.
-- name: Refusals :one
SELECT CAST(count(*) AS bigint) FROM outbox_acts WHERE business_id = @business_id AND object_id = @object_id AND state = 'refused' AND fault = @fault;
