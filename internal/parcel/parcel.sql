-- name: Insert :execrows
INSERT INTO parcels (business_id, id, order_id, customer_id, n, number, carrier, service, waybill, status, status_at, reason, words, courier_id, place,
  name, phone, village, street, landmark, lat_e6, lng_e6, note, contents, pieces, weight_grams, goods, cod, taken, taken_by, code_asked, code_tries,
  attempts, due_from, due_until, receiver, relation, restocked, leave_with, created_at, changed_at)
VALUES (@business_id, @id, @order_id, @customer_id, @n, @number, @carrier, @service, @waybill, @status, @created_at, '', '', @courier_id, 0,
  @name, @phone, @village, @street, @landmark, @lat_e6, @lng_e6, @note, @contents, @pieces, @weight_grams, @goods, @cod, 0, '', @code_asked, 0,
  0, @due_from, @due_until, '', '', false, @leave_with, @created_at, @created_at)
ON CONFLICT DO NOTHING;

-- name: InsertLine :exec
INSERT INTO parcel_lines (business_id, parcel_id, n, quantity) VALUES (@business_id, @parcel_id, @n, @quantity);

-- name: DropLines :exec
DELETE FROM parcel_lines WHERE business_id = @business_id AND parcel_id = @parcel_id;

-- name: DropEvents :exec
DELETE FROM parcel_events WHERE business_id = @business_id AND parcel_id = @parcel_id;

-- name: Drop :exec
DELETE FROM parcels WHERE business_id = @business_id AND id = @id;

-- name: LinesOf :many
SELECT * FROM parcel_lines WHERE business_id = @business_id AND parcel_id IN (SELECT value FROM each_id(@ids)) ORDER BY parcel_id, n;

-- name: Get :one
SELECT * FROM parcels WHERE business_id = @business_id AND id = @id;

-- name: Lock :one
UPDATE parcels SET changed_at = @now WHERE business_id = @business_id AND id = @id RETURNING *;

-- name: Many :many
SELECT * FROM parcels WHERE business_id = @business_id AND id IN (SELECT value FROM each_id(@ids));

-- name: OfOrder :many
SELECT * FROM parcels WHERE business_id = @business_id AND order_id = @order_id ORDER BY n;

-- name: OfOrders :many
SELECT * FROM parcels WHERE business_id = @business_id AND order_id IN (SELECT value FROM each_id(@ids)) ORDER BY order_id, n;

-- name: ByWaybill :many
SELECT * FROM parcels WHERE business_id = @business_id AND waybill = @waybill ORDER BY id LIMIT 5;

-- name: ByNumber :many
SELECT * FROM parcels WHERE business_id = @business_id AND number = @number;

-- name: Save :exec
UPDATE parcels SET carrier = @carrier, service = @service, waybill = @waybill, status = @status, status_at = @status_at, reason = @reason, words = @words,
  courier_id = @courier_id, place = @place, name = @name, phone = @phone, village = @village, street = @street, landmark = @landmark, lat_e6 = @lat_e6,
  lng_e6 = @lng_e6, note = @note, contents = @contents, pieces = @pieces, weight_grams = @weight_grams, goods = @goods, cod = @cod, taken = @taken,
  taken_by = @taken_by, code_asked = @code_asked, code_tries = @code_tries, attempts = @attempts, due_from = @due_from, due_until = @due_until,
  receiver = @receiver, relation = @relation, proof = @proof, restocked = @restocked, handed_at = @handed_at, out_at = @out_at, done_at = @done_at,
  ended_at = @ended_at, leave_with = @leave_with, cost = @cost, changed_at = @changed_at
WHERE business_id = @business_id AND id = @id;

-- name: SetPlace :exec
UPDATE parcels SET place = @place WHERE business_id = @business_id AND id = @id;

-- name: InsertEvent :execrows
INSERT INTO parcel_events (business_id, id, parcel_id, act, status, reason, words, code, source, person_id, lat_e6, lng_e6, accuracy_m, receiver, relation,
  amount, method, text, photo, due_from, due_until, at, received_at)
VALUES (@business_id, @id, @parcel_id, @act, @status, @reason, @words, @code, @source, @person_id, @lat_e6, @lng_e6, @accuracy_m, @receiver, @relation,
  @amount, @method, @text, @photo, @due_from, @due_until, @at, @received_at)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: Event :one
SELECT * FROM parcel_events WHERE business_id = @business_id AND id = @id;

-- name: Events :many
SELECT * FROM parcel_events WHERE business_id = @business_id AND parcel_id = @parcel_id ORDER BY at, id;

-- name: ListByStatus :many
SELECT * FROM parcels
WHERE business_id = @business_id AND status = @status AND changed_at <= @before_at AND (changed_at < @before_at OR id < @before_id)
ORDER BY changed_at DESC, id DESC LIMIT @most;

-- name: ListByID :many
SELECT * FROM parcels WHERE business_id = @business_id AND id < @before_id ORDER BY id DESC LIMIT @most;

-- name: ListByStatusID :many
SELECT * FROM parcels WHERE business_id = @business_id AND status = @status AND id < @before_id ORDER BY id DESC LIMIT @most;

-- name: CountByStatus :many
SELECT status, CAST(count(*) AS bigint) AS n FROM parcels
WHERE business_id = @business_id AND status IN ('draft', 'ready', 'pickup_requested', 'picked_up', 'in_transit', 'at_hub', 'out_for_delivery', 'on_hold', 'attempt_failed', 'returning')
GROUP BY status;

-- name: OfCourier :many
SELECT * FROM parcels
WHERE business_id = @business_id AND courier_id = @courier_id AND carrier = 'own'
  AND status IN ('draft', 'ready', 'picked_up', 'in_transit', 'at_hub', 'out_for_delivery', 'on_hold', 'attempt_failed', 'returning')
ORDER BY place, id LIMIT @most;

-- name: DoneBy :many
SELECT * FROM parcels
WHERE business_id = @business_id AND courier_id = @courier_id AND status = 'delivered' AND done_at >= @since ORDER BY done_at DESC LIMIT @most;

-- name: InsertLink :exec
INSERT INTO parcel_links (hash, business_id, parcel_id) VALUES (@hash, @business_id, @parcel_id) ON CONFLICT DO NOTHING;

-- name: EndLinks :exec
UPDATE parcel_links SET expires_at = @expires_at WHERE business_id = @business_id AND parcel_id = @parcel_id;

-- name: DropLinks :exec
DELETE FROM parcel_links WHERE business_id = @business_id AND parcel_id = @parcel_id;

-- name: Link :one
SELECT business_id, parcel_id, expires_at FROM parcel_links WHERE hash = @hash ORDER BY parcel_id, business_id LIMIT 1;

-- name: All :many
SELECT * FROM parcels WHERE business_id = @business_id ORDER BY id;

-- name: Settings :one
SELECT code_from, cash_limit, max_attempts FROM parcel_settings WHERE business_id = @business_id;

-- name: PutSettings :exec
INSERT INTO parcel_settings (business_id, code_from, cash_limit, max_attempts, updated_at) VALUES (@business_id, @code_from, @cash_limit, @max_attempts, @updated_at)
ON CONFLICT (business_id) DO UPDATE SET code_from = excluded.code_from, cash_limit = excluded.cash_limit, max_attempts = excluded.max_attempts, updated_at = excluded.updated_at;

-- name: PhotosOf :many
SELECT e.parcel_id, e.photo FROM parcel_events e JOIN parcels p ON p.business_id = e.business_id AND p.id = e.parcel_id
WHERE e.business_id = @business_id AND p.customer_id = @customer_id AND e.photo IS NOT NULL;

-- name: EraseEvents :exec
UPDATE parcel_events SET receiver = '', text = '', lat_e6 = NULL, lng_e6 = NULL, photo = NULL, words = ''
WHERE parcel_events.business_id = @business_id AND parcel_events.parcel_id IN (SELECT p.id FROM parcels p WHERE p.business_id = @business_id AND p.customer_id = @customer_id);

-- name: Erase :exec
UPDATE parcels SET name = '', phone = '', village = '', customer_id = NULL, street = '', landmark = '', lat_e6 = NULL, lng_e6 = NULL, note = '', leave_with = '', receiver = '', proof = NULL
WHERE business_id = @business_id AND customer_id = @customer_id;

-- name: Refusals :many
SELECT CAST(substr(village, 1, 8) AS text) AS district, CAST(min(village) AS text) AS village, CAST(count(*) AS bigint) AS tried,
  CAST(sum(CASE WHEN status <> 'delivered' AND reason IN ('refused', 'not_ordered', 'cod_not_ready') THEN 1 ELSE 0 END) AS bigint) AS refused,
  CAST(sum(weight_grams) AS bigint) AS grams
FROM parcels
WHERE business_id = @business_id AND cod > 0 AND status IN ('delivered', 'attempt_failed', 'returning', 'returned', 'disposed')
GROUP BY substr(village, 1, 8);

-- name: RefusalsOf :many
SELECT CAST(CASE WHEN phone = @phone THEN 1 ELSE 0 END AS bigint) AS same_phone,
  CAST(CASE WHEN substr(village, 1, 8) = @district THEN 1 ELSE 0 END AS bigint) AS same_district, CAST(count(*) AS bigint) AS tried,
  CAST(sum(CASE WHEN status <> 'delivered' AND reason IN ('refused', 'not_ordered', 'cod_not_ready') THEN 1 ELSE 0 END) AS bigint) AS refused
FROM parcels
WHERE business_id = @business_id AND cod > 0 AND status IN ('delivered', 'attempt_failed', 'returning', 'returned', 'disposed')
  AND (phone = @phone OR substr(village, 1, 8) = @district)
GROUP BY 1, 2;

-- name: Photos :one
SELECT count(*) FROM parcel_events WHERE business_id = @business_id AND parcel_id = @parcel_id AND photo IS NOT NULL;

-- name: OpenStops :many
SELECT * FROM parcels
WHERE business_id = @business_id AND carrier = 'own' AND courier_id IS NOT NULL
  AND status IN ('draft', 'ready', 'picked_up', 'in_transit', 'at_hub', 'out_for_delivery')
ORDER BY id LIMIT @most;

-- name: OfCustomer :many
SELECT id FROM parcels WHERE business_id = @business_id AND customer_id = @customer_id ORDER BY id;

-- name: ForgetEvents :exec
UPDATE parcel_events SET receiver = '', text = '', lat_e6 = NULL, lng_e6 = NULL, photo = NULL, words = '' WHERE business_id = @business_id AND parcel_id = @parcel_id;

-- name: Forget :exec
UPDATE parcels SET name = '', phone = '', village = '', street = '', landmark = '', lat_e6 = NULL, lng_e6 = NULL, note = '', leave_with = '', receiver = '', proof = NULL
WHERE business_id = @business_id AND id = @id;
