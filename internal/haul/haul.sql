-- name: Firm :one
SELECT * FROM haul_firms WHERE business_id = @business_id;

-- name: PutFirm :exec
INSERT INTO haul_firms (business_id, code, open, cod_bp, pay_days, updated_at) VALUES (@business_id, @code, @open, @cod_bp, @pay_days, @updated_at)
ON CONFLICT (business_id) DO UPDATE SET open = excluded.open, cod_bp = excluded.cod_bp, pay_days = excluded.pay_days, updated_at = excluded.updated_at;

-- name: Assets :many
SELECT * FROM haul_assets WHERE business_id = @business_id ORDER BY kind, n, id;

-- name: PutAsset :exec
INSERT INTO haul_assets (business_id, id, kind, name, detail, n) VALUES (@business_id, @id, @kind, @name, @detail, @n)
ON CONFLICT (business_id, id) DO UPDATE SET name = excluded.name, detail = excluded.detail, n = excluded.n;

-- name: DropAsset :exec
DELETE FROM haul_assets WHERE business_id = @business_id AND id = @id;

-- name: PutSummary :exec
INSERT INTO haul_summaries (firm_id, code, name, village, services, coverage, from_fee, cod_bp, pay_days, tariff, open, updated_at)
VALUES (@firm_id, @code, @name, @village, @services, @coverage, @from_fee, @cod_bp, @pay_days, @tariff, @open, @updated_at)
ON CONFLICT (firm_id) DO UPDATE SET name = excluded.name, village = excluded.village, services = excluded.services, coverage = excluded.coverage,
  from_fee = excluded.from_fee, cod_bp = excluded.cod_bp, pay_days = excluded.pay_days, tariff = excluded.tariff, open = excluded.open, updated_at = excluded.updated_at;

-- name: Summaries :many
SELECT * FROM haul_summaries WHERE open = true ORDER BY name, firm_id LIMIT 200;

-- name: Summary :one
SELECT * FROM haul_summaries WHERE firm_id = @firm_id;

-- name: Ties :many
SELECT * FROM haul_ties WHERE business_id = @business_id AND firm = @firm ORDER BY name, other_id;

-- name: Tie :one
SELECT * FROM haul_ties WHERE business_id = @business_id AND other_id = @other_id;

-- name: TieByCode :one
SELECT * FROM haul_ties WHERE business_id = @business_id AND firm = false AND code = @code;

-- name: PutTie :exec
INSERT INTO haul_ties (business_id, other_id, firm, code, name, phone, village, street, landmark, lat_e6, lng_e6, wish, wish_n, answer, answer_n, changed_at)
VALUES (@business_id, @other_id, @firm, @code, @name, @phone, @village, @street, @landmark, @lat_e6, @lng_e6, @wish, @wish_n, @answer, @answer_n, @changed_at)
ON CONFLICT (business_id, other_id) DO UPDATE SET code = excluded.code, name = excluded.name, phone = excluded.phone, village = excluded.village,
  street = excluded.street, landmark = excluded.landmark, lat_e6 = excluded.lat_e6, lng_e6 = excluded.lng_e6, wish = excluded.wish, wish_n = excluded.wish_n,
  answer = excluded.answer, answer_n = excluded.answer_n, changed_at = excluded.changed_at;

-- name: Link :one
SELECT * FROM haul_links WHERE business_id = @business_id AND token = @token;

-- name: Links :many
SELECT * FROM haul_links WHERE business_id = @business_id AND parcel_id = @parcel_id ORDER BY created_at, token;

-- name: LinksWith :many
SELECT * FROM haul_links WHERE business_id = @business_id AND other_id = @other_id AND changed_at >= @since ORDER BY changed_at, token;

-- name: Waiting :many
SELECT * FROM haul_links
WHERE business_id = @business_id AND other_id = @other_id AND live = true AND pickup_id IS NULL AND status IN ('draft', 'ready', 'pickup_requested')
ORDER BY created_at, token LIMIT 200;

-- name: Unpaid :many
SELECT * FROM haul_links WHERE business_id = @business_id AND other_id = @other_id AND status = 'delivered' AND payout_id IS NULL ORDER BY done_at, token;

-- name: PaidBy :many
SELECT * FROM haul_links WHERE business_id = @business_id AND payout_id = @payout_id ORDER BY done_at, token;

-- name: InsertLink :execrows
INSERT INTO haul_links (business_id, token, parcel_id, other_id, firm, live, n, fee, status, cod, taken, pickup_id, payout_id, created_at, done_at, changed_at)
VALUES (@business_id, @token, @parcel_id, @other_id, @firm, @live, @n, @fee, @status, @cod, @taken, @pickup_id, NULL, @created_at, NULL, @created_at)
ON CONFLICT (business_id, token) DO NOTHING;

-- name: SaveLink :exec
UPDATE haul_links SET parcel_id = @parcel_id, live = @live, n = @n, fee = @fee, status = @status, cod = @cod, taken = @taken, done_at = @done_at,
  changed_at = @changed_at
WHERE business_id = @business_id AND token = @token;

-- name: SetPickup :execrows
UPDATE haul_links SET pickup_id = @pickup_id WHERE business_id = @business_id AND token = @token AND pickup_id IS NULL;

-- name: SetPayout :execrows
UPDATE haul_links SET payout_id = @payout_id, changed_at = @now WHERE business_id = @business_id AND token = @token AND payout_id IS NULL;

-- name: PickupPaid :execrows
UPDATE haul_pickups SET payout_id = @payout_id WHERE business_id = @business_id AND id = @id AND payout_id IS NULL;

-- name: LockPickup :one
UPDATE haul_pickups SET changed_at = @now WHERE business_id = @business_id AND id = @id RETURNING *;

-- name: Pickup :one
SELECT * FROM haul_pickups WHERE business_id = @business_id AND id = @id;

-- name: Pickups :many
SELECT * FROM haul_pickups WHERE business_id = @business_id AND firm = @firm ORDER BY created_at DESC, id DESC LIMIT @most;

-- name: PickupsOf :many
SELECT * FROM haul_pickups WHERE business_id = @business_id AND other_id = @other_id ORDER BY created_at DESC, id DESC LIMIT @most;

-- name: RoundPickups :many
SELECT * FROM haul_pickups WHERE business_id = @business_id AND round_id = @round_id ORDER BY place, id;

-- name: PutPickup :exec
INSERT INTO haul_pickups (business_id, id, other_id, firm, round_id, place, courier_id, share, payout_id, given_at, taken_at, created_at, changed_at)
VALUES (@business_id, @id, @other_id, @firm, @round_id, @place, @courier_id, @share, @payout_id, @given_at, @taken_at, @created_at, @changed_at)
ON CONFLICT (business_id, id) DO UPDATE SET round_id = excluded.round_id, place = excluded.place, courier_id = excluded.courier_id, share = excluded.share,
  payout_id = excluded.payout_id, given_at = excluded.given_at, taken_at = excluded.taken_at, changed_at = excluded.changed_at;

-- name: PickupItems :many
SELECT * FROM haul_pickup_items WHERE business_id = @business_id AND pickup_id = @pickup_id ORDER BY token;

-- name: PutPickupItem :exec
INSERT INTO haul_pickup_items (business_id, pickup_id, token, given, taken, share) VALUES (@business_id, @pickup_id, @token, @given, @taken, @share)
ON CONFLICT (business_id, pickup_id, token) DO UPDATE SET given = excluded.given, taken = excluded.taken, share = excluded.share;

-- name: InsertRound :execrows
INSERT INTO haul_rounds (business_id, id, village, courier_id, fare, parcels, metres, single_metres, created_at)
VALUES (@business_id, @id, @village, @courier_id, @fare, @parcels, @metres, @single_metres, @created_at)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: Round :one
SELECT * FROM haul_rounds WHERE business_id = @business_id AND id = @id;

-- name: Rounds :many
SELECT * FROM haul_rounds WHERE business_id = @business_id ORDER BY created_at DESC, id DESC LIMIT 30;

-- name: InsertManifest :execrows
INSERT INTO haul_manifests (business_id, id, number, from_hub, to_hub, vehicle_id, state, created_at)
VALUES (@business_id, @id, @number, @from_hub, @to_hub, @vehicle_id, 'open', @created_at)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: Manifest :one
SELECT * FROM haul_manifests WHERE business_id = @business_id AND id = @id;

-- name: Manifests :many
SELECT * FROM haul_manifests WHERE business_id = @business_id ORDER BY created_at DESC, id DESC LIMIT 50;

-- SetManifest moves a manifest on from the state it is expected in.
-- name: SetManifest :execrows
UPDATE haul_manifests SET state = @state, sent_at = @sent_at, received_at = @received_at
WHERE business_id = @business_id AND id = @id AND state = @was;

-- name: ManifestItems :many
SELECT * FROM haul_manifest_items WHERE business_id = @business_id AND manifest_id = @manifest_id ORDER BY parcel_id;

-- name: PutManifestItem :exec
INSERT INTO haul_manifest_items (business_id, manifest_id, parcel_id, sent, received) VALUES (@business_id, @manifest_id, @parcel_id, @sent, @received)
ON CONFLICT (business_id, manifest_id, parcel_id) DO UPDATE SET sent = excluded.sent, received = excluded.received;

-- name: DropManifestItem :exec
DELETE FROM haul_manifest_items WHERE business_id = @business_id AND manifest_id = @manifest_id AND parcel_id = @parcel_id;

-- name: InsertPayout :execrows
INSERT INTO haul_payouts (business_id, id, other_id, firm, parcels, cod, fee, net, paid_on, reference, created_at)
VALUES (@business_id, @id, @other_id, @firm, @parcels, @cod, @fee, @net, @paid_on, @reference, @created_at)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: Payout :one
SELECT * FROM haul_payouts WHERE business_id = @business_id AND id = @id;

-- name: Payouts :many
SELECT * FROM haul_payouts WHERE business_id = @business_id AND other_id = @other_id ORDER BY created_at DESC, id DESC LIMIT 60;

-- name: UnpaidPickups :many
SELECT * FROM haul_pickups WHERE business_id = @business_id AND other_id = @other_id AND share > 0 AND taken_at IS NOT NULL AND payout_id IS NULL ORDER BY id;

-- name: PutPair :exec
INSERT INTO haul_pairs (shop_id, firm_id, compared_at, compared) VALUES (@shop_id, @firm_id, NULL, 0) ON CONFLICT (shop_id, firm_id) DO NOTHING;

-- name: ComparedPair :exec
UPDATE haul_pairs SET compared_at = @compared_at, compared = @compared WHERE shop_id = @shop_id AND firm_id = @firm_id;

-- name: Pair :one
SELECT * FROM haul_pairs WHERE shop_id = @shop_id AND firm_id = @firm_id;

-- name: Pairs :many
SELECT shop_id, firm_id FROM haul_pairs ORDER BY shop_id, firm_id;

-- name: DropMarks :exec
DELETE FROM haul_marks WHERE shop_id = @shop_id AND firm_id = @firm_id AND firm = @firm;

-- name: Marks :many
SELECT * FROM haul_marks WHERE shop_id = @shop_id AND firm_id = @firm_id ORDER BY token, firm;

-- name: Days :many
SELECT day, firm, status, CAST(count(*) AS bigint) AS n, CAST(sum(cod) AS bigint) AS cod, CAST(sum(taken) AS bigint) AS taken FROM haul_marks
WHERE shop_id = @shop_id AND firm_id = @firm_id GROUP BY day, firm, status ORDER BY day DESC, firm, status;

-- name: DropDifferences :exec
DELETE FROM haul_differences WHERE shop_id = @shop_id AND firm_id = @firm_id;

-- name: InsertDifference :exec
INSERT INTO haul_differences (shop_id, firm_id, token, kind, shop_says, firm_says, found_at)
VALUES (@shop_id, @firm_id, @token, @kind, @shop_says, @firm_says, @found_at);

-- name: DifferencesOfShop :many
SELECT * FROM haul_differences WHERE shop_id = @shop_id ORDER BY found_at, token, kind LIMIT 200;

-- name: DifferencesOfFirm :many
SELECT * FROM haul_differences WHERE firm_id = @firm_id ORDER BY found_at, token, kind LIMIT 200;

-- name: LockTie :one
UPDATE haul_ties SET changed_at = changed_at WHERE business_id = @business_id AND other_id = @other_id RETURNING *;

-- name: FreePickup :exec
UPDATE haul_links SET pickup_id = NULL WHERE business_id = @business_id AND token = @token AND pickup_id = @pickup_id;

-- name: LinksOfPickup :many
SELECT * FROM haul_links WHERE business_id = @business_id AND token IN (SELECT value FROM each_id(@tokens)) ORDER BY token;

-- name: OpenPickups :many
SELECT * FROM haul_pickups WHERE business_id = @business_id AND firm = true AND taken_at IS NULL ORDER BY created_at, id LIMIT 300;

-- name: RecentPickups :many
SELECT * FROM haul_pickups WHERE business_id = @business_id AND other_id = @other_id AND changed_at >= @since ORDER BY id;
