-- LockHandover makes the row of a giver's mark, or takes it: nobody else
-- changes it until the transaction ends.
-- name: LockHandover :one
INSERT INTO cash_handovers (business_id, id, giver_id, mark, key, first, amount, till, parcels, tries, right_side, why, at, changed_at)
VALUES (@business_id, @id, @giver_id, @mark, @key, '', 0, false, 0, 0, '', '', @now, @now)
ON CONFLICT (business_id, giver_id, mark) DO UPDATE SET changed_at = excluded.changed_at
RETURNING *;

-- name: SaveHandover :exec
UPDATE cash_handovers SET receiver_id = @receiver_id, first = @first, amount = @amount, till = @till, parcels = @parcels, given_id = @given_id, given = @given,
  given_at = @given_at, taken_id = @taken_id, taken = @taken, taken_at = @taken_at, tries = @tries, right_side = @right_side, why = @why,
  explained_by = @explained_by, person_id = @person_id, explained_at = @explained_at, at = @at
WHERE business_id = @business_id AND id = @id;

-- name: HandoverByWord :many
SELECT * FROM cash_handovers WHERE business_id = @business_id AND (given_id = @word_id OR taken_id = @word_id) ORDER BY id LIMIT 2;

-- name: LockHandoverByID :one
UPDATE cash_handovers SET changed_at = @now WHERE business_id = @business_id AND id = @id RETURNING *;

-- name: MarkUsed :one
SELECT count(*) FROM cash_handovers WHERE business_id = @business_id AND giver_id = @giver_id AND mark = @mark;

-- name: WrongCodes :one
SELECT CAST(coalesce(sum(tries), 0) AS bigint) FROM cash_handovers WHERE business_id = @business_id AND giver_id = @giver_id AND changed_at >= @since;

-- name: Handovers :many
SELECT * FROM cash_handovers WHERE business_id = @business_id AND first <> '' ORDER BY changed_at DESC, id DESC LIMIT @most;

-- HandoversOf are those in which a person gave or received.
-- name: HandoversOf :many
SELECT * FROM cash_handovers
WHERE business_id = @business_id AND first <> '' AND (giver_id = @person OR receiver_id = @person)
ORDER BY changed_at DESC, id DESC LIMIT @most;

-- name: Disputed :many
SELECT * FROM cash_handovers WHERE business_id = @business_id AND given <> taken ORDER BY changed_at DESC, id DESC LIMIT @most;

-- name: InsertCount :exec
INSERT INTO cash_counts (business_id, id, key, holder_id, amount, missing, why, explained_by, person_id, at)
VALUES (@business_id, @id, @key, @holder_id, @amount, @missing, @why, @explained_by, @person_id, @at);

-- name: Count :one
SELECT * FROM cash_counts WHERE business_id = @business_id AND id = @id;

-- name: Missing :many
SELECT * FROM cash_counts WHERE business_id = @business_id AND missing <> 0 ORDER BY at DESC, id DESC LIMIT @most;

-- name: InsertFound :exec
INSERT INTO cash_found (business_id, id, amount, why, explained_by, person_id, at)
VALUES (@business_id, @id, @amount, @why, @explained_by, @person_id, @at);

-- name: Found :many
SELECT * FROM cash_found WHERE business_id = @business_id ORDER BY at DESC, id DESC LIMIT @most;

-- Inflow is what came into somebody's hands, the newest first, with the parcel
-- or the hand-over that it came by.
-- name: Inflow :many
SELECT l.amount, e.at, p.id AS parcel_id, p.number, p.waybill, p.name, p.done_at, h.giver_id, h.parcels
FROM ledger_lines l
JOIN ledger_entries e ON e.business_id = l.business_id AND e.id = l.entry_id
LEFT JOIN parcels p ON p.business_id = e.business_id AND p.order_id = e.order_id AND p.n = 1
LEFT JOIN cash_handovers h ON h.business_id = e.business_id AND h.key = e.key
WHERE l.business_id = @business_id AND l.account = 'courier_cash' AND l.holder = @holder AND l.amount > 0
ORDER BY l.entry_id DESC LIMIT @most;

-- Moved is what the books say of the money from the door since a moment, by kind of entry and account.
-- name: Moved :many
SELECT e.kind, l.account, CAST(sum(l.amount) AS bigint) AS amount
FROM ledger_entries e
JOIN ledger_lines l ON l.business_id = e.business_id AND l.entry_id = e.id
WHERE e.business_id = @business_id AND e.at >= @since
  AND e.kind IN ('payment.in', 'payment.out', 'courier.settled', 'cash.handed', 'cash.righted', 'carrier.paid')
  AND l.account IN ('courier_cash', 'cash', 'bank', 'carrier_fee', 'difference')
  AND (l.account = 'courier_cash' OR e.kind NOT IN ('payment.in', 'payment.out'))
GROUP BY e.kind, l.account ORDER BY e.kind, l.account;

-- TookByParcels is what parcels say was taken in cash since a moment.
-- name: TookByParcels :one
SELECT CAST(coalesce(sum(e.amount), 0) AS bigint)
FROM parcel_events e JOIN parcels p ON p.business_id = e.business_id AND p.id = e.parcel_id
WHERE e.business_id = @business_id AND e.received_at >= @since AND e.amount <> 0 AND e.method IN ('cod', 'cash')
  AND p.order_id IS NOT NULL AND (p.carrier <> 'own' OR p.courier_id IS NOT NULL);

-- TookOtherwise is what was taken at the door without a parcel that says so:
-- money that an order's page was told of.
-- name: TookOtherwise :one
SELECT CAST(coalesce(sum(y.amount), 0) AS bigint) FROM payments y
WHERE y.business_id = @business_id AND y.at >= @since AND y.holder <> @nobody
  AND NOT EXISTS (SELECT 1 FROM parcels p JOIN parcel_events e ON e.business_id = p.business_id AND e.parcel_id = p.id
    WHERE p.business_id = y.business_id AND p.order_id = y.order_id AND e.received_at = y.at AND e.amount <> 0 AND e.method IN ('cod', 'cash')
      AND (p.carrier <> 'own' OR p.courier_id IS NOT NULL));

-- Owed are the parcels whose money a carrier has not paid out, the oldest first.
-- name: Owed :many
SELECT p.id, p.number, p.waybill, p.carrier, p.taken, p.done_at FROM parcels p
WHERE p.business_id = @business_id AND p.status = 'delivered' AND p.taken > 0 AND p.carrier <> 'own' AND p.taken_by <> 'qris'
  AND NOT EXISTS (SELECT 1 FROM cash_payout_lines b WHERE b.business_id = p.business_id AND b.parcel_id = p.id AND b.state = 'booked')
ORDER BY p.done_at, p.id LIMIT @most;

-- name: InsertPayout :execrows
INSERT INTO cash_payouts (business_id, id, name, hash, lines, person_id, at, changed_at)
VALUES (@business_id, @id, @name, @hash, @lines, @person_id, @at, @at)
ON CONFLICT DO NOTHING;

-- name: PayoutByHash :one
SELECT id FROM cash_payouts WHERE business_id = @business_id AND hash = @hash;

-- name: Payouts :many
SELECT y.id, y.name, y.lines, y.person_id, y.at,
  CAST(coalesce(sum(CASE WHEN l.state = 'booked' THEN l.net ELSE 0 END), 0) AS bigint) AS net,
  CAST(coalesce(sum(CASE WHEN l.state = 'booked' THEN 1 ELSE 0 END), 0) AS bigint) AS booked,
  CAST(coalesce(sum(CASE WHEN l.state IN ('booked', 'dropped') THEN 0 ELSE 1 END), 0) AS bigint) AS waiting
FROM cash_payouts y LEFT JOIN cash_payout_lines l ON l.business_id = y.business_id AND l.payout_id = y.id
WHERE y.business_id = @business_id
GROUP BY y.id, y.name, y.lines, y.person_id, y.at ORDER BY y.at DESC, y.id DESC LIMIT @most;

-- name: LockPayout :one
UPDATE cash_payouts SET changed_at = @now WHERE business_id = @business_id AND id = @id RETURNING *;

-- name: Payout :one
SELECT * FROM cash_payouts WHERE business_id = @business_id AND id = @id;

-- name: PayoutLines :many
SELECT * FROM cash_payout_lines WHERE business_id = @business_id AND payout_id = @payout_id ORDER BY n;

-- name: SaveLine :exec
UPDATE cash_payout_lines SET parcel_id = @parcel_id, owed = @owed, state = @state, why = @why, explained_by = @explained_by, person_id = @person_id,
  decided_at = @decided_at
WHERE business_id = @business_id AND payout_id = @payout_id AND n = @n;

-- name: WaitingLines :one
SELECT count(*) FROM cash_payout_lines WHERE business_id = @business_id AND state IN ('match', 'differs', 'unknown', 'early', 'paid', 'twice', 'bad');

-- name: DifferingLines :many
SELECT l.*, y.name AS file FROM cash_payout_lines l JOIN cash_payouts y ON y.business_id = l.business_id AND y.id = l.payout_id
WHERE l.business_id = @business_id AND l.state = 'booked' AND l.owed <> l.net + l.fee ORDER BY l.decided_at DESC LIMIT @most;

-- ParcelsByWaybill finds the parcels of many waybills at once.
-- name: ParcelsByWaybill :many
SELECT p.id, p.waybill, p.number, p.carrier, p.status, p.taken, p.taken_by FROM parcels p
WHERE p.business_id = @business_id AND p.carrier <> 'own' AND p.status <> 'cancelled'
  AND p.waybill IN (SELECT value FROM each_text(@waybills)) ORDER BY p.id;

-- name: PaidParcels :many
SELECT l.parcel_id FROM cash_payout_lines l
WHERE l.business_id = @business_id AND l.state = 'booked' AND l.parcel_id IN (SELECT value FROM each_id(@parcels));

-- name: Terms :many
SELECT carrier, days FROM cash_terms WHERE business_id = @business_id ORDER BY carrier;

-- name: PutTerm :exec
INSERT INTO cash_terms (business_id, carrier, days, updated_at) VALUES (@business_id, @carrier, @days, @updated_at)
ON CONFLICT (business_id, carrier) DO UPDATE SET days = excluded.days, updated_at = excluded.updated_at;
