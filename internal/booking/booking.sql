-- name: Keys :many
SELECT * FROM carrier_keys WHERE business_id = @business_id ORDER BY connector;

-- name: PutKey :exec
INSERT INTO carrier_keys (business_id, connector, sealed, ends, turn, area, area_name, area_of, tried, made_at)
VALUES (@business_id, @connector, @sealed, @ends, 1, '', '', '', '', @made_at)
ON CONFLICT (business_id, connector) DO UPDATE SET sealed = excluded.sealed, ends = excluded.ends, area = '', area_name = '', area_of = '', tried_at = NULL, tried = '',
  made_at = excluded.made_at;

-- name: DropKey :execrows
DELETE FROM carrier_keys WHERE business_id = @business_id AND connector = @connector;

-- name: Turn :execrows
UPDATE carrier_keys SET turn = turn + 1 WHERE business_id = @business_id AND connector = @connector AND turn = @turn;

-- name: Tried :exec
UPDATE carrier_keys SET tried_at = @tried_at, tried = @tried, area = @area, area_name = @area_name, area_of = @area_of
WHERE business_id = @business_id AND connector = @connector AND sealed = @sealed;

-- name: PutHook :exec
INSERT INTO carrier_hooks (hash, business_id, connector) VALUES (@hash, @business_id, @connector) ON CONFLICT (hash) DO NOTHING;

-- name: DropHooks :exec
DELETE FROM carrier_hooks WHERE business_id = @business_id AND connector = @connector;

-- name: Hook :one
SELECT * FROM carrier_hooks WHERE hash = @hash;

-- name: PutRef :exec
INSERT INTO carrier_refs (hash, business_id, parcel_id) VALUES (@hash, @business_id, @parcel_id) ON CONFLICT (hash) DO NOTHING;

-- name: Ref :one
SELECT * FROM carrier_refs WHERE hash = @hash;

-- name: Settings :one
SELECT * FROM carrier_settings WHERE business_id = @business_id;

-- name: PutSettings :exec
INSERT INTO carrier_settings (business_id, offers, markup, percent, insured, shared, updated_at)
VALUES (@business_id, @offers, @markup, @percent, @insured, @shared, @updated_at)
ON CONFLICT (business_id) DO UPDATE SET offers = excluded.offers, markup = excluded.markup, percent = excluded.percent, insured = excluded.insured,
  shared = excluded.shared, updated_at = excluded.updated_at;

-- name: Insert :execrows
INSERT INTO carrier_bookings (business_id, parcel_id, n, id, connector, shared, firm, service, state, ours, ref, routing, link, quoted, fee, fee_now, insurance,
  cod_fee, pick_up_at, tries, why, said, asked_at)
VALUES (@business_id, @parcel_id, @n, @id, @connector, @shared, @firm, @service, 'asked', @ours, '', '', '', @quoted, 0, 0, 0, 0, @pick_up_at, 0, '', '', @asked_at)
ON CONFLICT (business_id, parcel_id, n) DO NOTHING;

-- name: Of :many
SELECT * FROM carrier_bookings WHERE business_id = @business_id AND parcel_id = @parcel_id ORDER BY n;

-- name: OfMany :many
SELECT * FROM carrier_bookings WHERE business_id = @business_id AND parcel_id IN (SELECT value FROM each_id(@ids)) ORDER BY parcel_id, n;

-- name: ByRef :many
SELECT * FROM carrier_bookings WHERE business_id = @business_id AND connector = @connector AND ref = @ref AND ref <> '' ORDER BY parcel_id, n LIMIT 2;

-- Save writes how a booking stands, unless it stands elsewhere by now.
-- name: Save :execrows
UPDATE carrier_bookings SET state = @state, ref = @ref, routing = @routing, link = @link, fee = @fee, fee_now = @fee_now, insurance = @insurance,
  cod_fee = @cod_fee, tries = @tries, why = @why, said = @said, booked_at = @booked_at, ended_at = @ended_at
WHERE business_id = @business_id AND parcel_id = @parcel_id AND n = @n AND state = @was;

-- name: Watch :exec
INSERT INTO carrier_watches (business_id, parcel_id, told, fails, heard_at, due_at, began_at)
VALUES (@business_id, @parcel_id, '', 0, @now, @due_at, @now)
ON CONFLICT (business_id, parcel_id) DO UPDATE SET fails = 0, heard_at = excluded.heard_at, due_at = excluded.due_at, began_at = excluded.began_at;

-- name: Heard :execrows
UPDATE carrier_watches SET heard_at = @now, due_at = @due_at, fails = 0 WHERE business_id = @business_id AND parcel_id = @parcel_id AND heard_at < @since;

-- name: Doubt :execrows
UPDATE carrier_watches SET due_at = @now, told = @told WHERE business_id = @business_id AND parcel_id = @parcel_id;

-- name: WatchOf :one
SELECT * FROM carrier_watches WHERE business_id = @business_id AND parcel_id = @parcel_id;

-- name: Due :many
SELECT * FROM carrier_watches WHERE business_id = @business_id AND due_at <= @now ORDER BY due_at, parcel_id LIMIT @most;

-- name: NextDue :one
SELECT * FROM carrier_watches WHERE business_id = @business_id ORDER BY due_at, parcel_id LIMIT 1;

-- name: Asked :exec
UPDATE carrier_watches SET due_at = @due_at, fails = @fails, told = @told WHERE business_id = @business_id AND parcel_id = @parcel_id;

-- name: Unwatch :exec
DELETE FROM carrier_watches WHERE business_id = @business_id AND parcel_id = @parcel_id;
