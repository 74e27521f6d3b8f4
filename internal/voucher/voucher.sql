-- name: Insert :execrows
INSERT INTO vouchers (business_id, id, code, kind, value, cap, min_goods, starts_at, ends_at, max_uses, per_buyer, used, active, created_at)
VALUES (@business_id, @id, @code, @kind, @value, @cap, @min_goods, @starts_at, @ends_at, @max_uses, @per_buyer, 0, @active, @created_at)
ON CONFLICT DO NOTHING;

-- name: Update :execrows
UPDATE vouchers SET code = @code, kind = @kind, value = @value, cap = @cap, min_goods = @min_goods, starts_at = @starts_at, ends_at = @ends_at,
  max_uses = @max_uses, per_buyer = @per_buyer, active = @active
WHERE vouchers.business_id = @business_id AND vouchers.id = @id
  AND NOT EXISTS (SELECT 1 FROM vouchers o WHERE o.business_id = @business_id AND o.code = @code AND o.id <> @id);

-- name: Get :one
SELECT * FROM vouchers WHERE business_id = @business_id AND id = @id;

-- name: ByCode :one
SELECT * FROM vouchers WHERE business_id = @business_id AND code = @code;

-- name: List :many
SELECT * FROM vouchers WHERE business_id = @business_id AND id < @before_id ORDER BY id DESC LIMIT @most;

-- Take counts one use if the voucher still has one; no row means it has none.
-- name: Take :execrows
UPDATE vouchers SET used = used + 1
WHERE business_id = @business_id AND id = @id AND active AND (max_uses = 0 OR used < max_uses);

-- TakeBuyer counts one use of a buyer who has one left; no row means they have none.
-- name: TakeBuyer :execrows
INSERT INTO voucher_buyers (business_id, voucher_id, buyer, used) VALUES (@business_id, @voucher_id, @buyer, 1)
ON CONFLICT (business_id, voucher_id, buyer) DO UPDATE SET used = voucher_buyers.used + 1
WHERE voucher_buyers.used < CAST(@per_buyer AS bigint) OR CAST(@per_buyer AS bigint) = 0;

-- name: UsedBy :one
SELECT used FROM voucher_buyers WHERE business_id = @business_id AND voucher_id = @voucher_id AND buyer = @buyer;

-- name: InsertUse :execrows
INSERT INTO voucher_uses (business_id, order_id, voucher_id, buyer, amount, at)
VALUES (@business_id, @order_id, @voucher_id, @buyer, @amount, @at) ON CONFLICT (business_id, order_id) DO NOTHING;

-- name: VoucherOf :one
SELECT v.* FROM voucher_uses u JOIN vouchers v ON v.business_id = u.business_id AND v.id = u.voucher_id
WHERE u.business_id = @business_id AND u.order_id = @order_id;

-- name: SetUse :exec
UPDATE voucher_uses SET amount = @amount WHERE business_id = @business_id AND order_id = @order_id;

-- name: DropUse :one
DELETE FROM voucher_uses WHERE business_id = @business_id AND order_id = @order_id RETURNING voucher_id, buyer;

-- name: GiveBack :exec
UPDATE vouchers SET used = used - 1 WHERE business_id = @business_id AND id = @id AND used > 0;

-- name: GiveBackBuyer :exec
UPDATE voucher_buyers SET used = used - 1
WHERE business_id = @business_id AND voucher_id = @voucher_id AND buyer = @buyer AND used > 0;

-- What a voucher has taken off so far.
-- name: Given :many
SELECT voucher_id, CAST(sum(amount) AS bigint) AS total FROM voucher_uses
WHERE business_id = @business_id AND voucher_id IN (SELECT value FROM each_id(@vouchers)) GROUP BY voucher_id;
