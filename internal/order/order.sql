-- name: Insert :execrows
INSERT INTO orders (business_id, id, number, body_hash, revision, channel, state, tab, way, pay_by, pay_state, customer_id, name, phone, village,
  street, landmark, lat_e6, lng_e6, note, goods, discount, shipping, cod_fee, code, total, paid, refunded, allowance, cash_given, voucher,
  weight_grams, pieces, brief, ready_days, hold_until, complaint, reason, receiver, relation, tries, placed_by, placed_at, accepted_at, done_at,
  ended_at, changed_at, last_act, last_from, search, promised_from, promised_until, carrier, service)
VALUES (@business_id, @id, @number, @body_hash, 1, @channel, @state, @tab, @way, @pay_by, @pay_state, @customer_id, @name, @phone, @village,
  @street, @landmark, @lat_e6, @lng_e6, @note, @goods, @discount, @shipping, @cod_fee, @code, @total, 0, 0, 0, @cash_given, @voucher,
  @weight_grams, @pieces, @brief, @ready_days, @hold_until, '', '', '', '', 0, @placed_by, @placed_at, @accepted_at, NULL,
  NULL, @placed_at, '', '', @search, @promised_from, @promised_until, @carrier, @service)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: Body :one
SELECT body_hash FROM orders WHERE business_id = @business_id AND id = @id;

-- Lock reads an order for a change: who comes second waits for who came first.
-- name: Lock :one
UPDATE orders SET revision = revision + 1 WHERE business_id = @business_id AND id = @id RETURNING *;

-- name: Save :exec
UPDATE orders SET state = @state, tab = @tab, way = @way, pay_by = @pay_by, pay_state = @pay_state, name = @name, phone = @phone, village = @village,
  street = @street, landmark = @landmark, note = @note, goods = @goods, discount = @discount, shipping = @shipping, cod_fee = @cod_fee, code = @code,
  total = @total, paid = @paid, refunded = @refunded, allowance = @allowance, weight_grams = @weight_grams, pieces = @pieces, brief = @brief,
  ready_days = @ready_days, hold_until = @hold_until, claimed_at = @claimed_at, proof = @proof, complaint = @complaint,
  complained_at = @complained_at, reason = @reason, courier_id = @courier_id, receiver = @receiver, relation = @relation, tries = @tries,
  accepted_at = @accepted_at, packed_at = @packed_at, sent_at = @sent_at, done_at = @done_at, ended_at = @ended_at, changed_at = @changed_at,
  last_act = @last_act, last_from = @last_from, last_by = @last_by, last_at = @last_at, search = @search
WHERE business_id = @business_id AND id = @id;

-- name: Get :one
SELECT * FROM orders WHERE business_id = @business_id AND id = @id;

-- name: Many :many
SELECT * FROM orders WHERE business_id = @business_id AND id IN (SELECT value FROM each_id(@ids));

-- name: ByNumber :many
SELECT * FROM orders WHERE business_id = @business_id AND number = @number;

-- name: ListTab :many
SELECT * FROM orders
WHERE business_id = @business_id AND tab = @tab AND placed_at <= @before_at AND (placed_at < @before_at OR id < @before_id)
ORDER BY placed_at DESC, id DESC LIMIT @most;

-- name: ListAll :many
SELECT * FROM orders
WHERE business_id = @business_id AND placed_at <= @before_at AND (placed_at < @before_at OR id < @before_id)
ORDER BY placed_at DESC, id DESC LIMIT @most;

-- name: ListCustomer :many
SELECT * FROM orders
WHERE business_id = @business_id AND customer_id = @customer_id AND placed_at <= @before_at AND (placed_at < @before_at OR id < @before_id)
ORDER BY placed_at DESC, id DESC LIMIT @most;

-- name: ListPhone :many
SELECT * FROM orders
WHERE business_id = @business_id AND phone = @phone AND placed_at <= @before_at AND (placed_at < @before_at OR id < @before_id)
ORDER BY placed_at DESC, id DESC LIMIT @most;

-- Only so many of the newest orders before the cursor are looked through, so
-- that a filter which nothing passes takes no longer in a large shop.
-- name: ListFiltered :many
SELECT * FROM (
  SELECT * FROM orders o
  WHERE o.business_id = @business_id AND o.placed_at <= @before_at AND (o.placed_at < @before_at OR o.id < @before_id) AND o.placed_at >= @since
  ORDER BY o.placed_at DESC, o.id DESC LIMIT @look) x
WHERE x.business_id = @business_id
  AND (CAST(@tab AS text) = '' OR x.tab = @tab)
  AND (CAST(@state AS text) = '' OR x.state = @state)
  AND (CAST(@way AS text) = '' OR x.way = @way)
  AND (CAST(@pay_by AS text) = '' OR x.pay_by = @pay_by)
  AND (CAST(@channel AS text) = '' OR x.channel = @channel)
  AND (CAST(@unpaid AS boolean) = false OR x.pay_state IN ('unpaid', 'claimed', 'part'))
  AND (CAST(@one AS text) = '' OR x.search LIKE @one)
  AND (CAST(@two AS text) = '' OR x.search LIKE @two)
ORDER BY x.placed_at DESC, x.id DESC LIMIT @most;

-- What a courier has to do, and did not long ago.
-- name: ListCourier :many
SELECT * FROM orders
WHERE business_id = @business_id AND courier_id = @courier_id AND state IN ('sent', 'failed')
ORDER BY placed_at, id LIMIT @most;

-- Only the tabs that empty again are counted; the others grow for ever.
-- name: Counts :many
SELECT tab, count(*) AS n FROM orders
WHERE business_id = @business_id AND tab IN ('action', 'work', 'sent') GROUP BY tab;

-- name: PlacedSince :one
SELECT count(*) FROM (SELECT o.id FROM orders o WHERE o.business_id = @business_id AND o.placed_at > @since LIMIT @most) x;

-- name: InsertLine :exec
INSERT INTO order_lines (business_id, order_id, n, product_id, variant_id, title, variant_name, sku, unit, photo, price, quantity, weight_grams,
  ready_days, tracked)
VALUES (@business_id, @order_id, @n, @product_id, @variant_id, @title, @variant_name, @sku, @unit, @photo, @price, @quantity, @weight_grams,
  @ready_days, @tracked);

-- name: DeleteLines :exec
DELETE FROM order_lines WHERE business_id = @business_id AND order_id = @order_id;

-- name: Lines :many
SELECT * FROM order_lines WHERE business_id = @business_id AND order_id = @order_id ORDER BY n;

-- No row means that the move was made already: the form was sent twice.
-- name: InsertEvent :execrows
INSERT INTO order_events (business_id, id, order_id, act, from_state, to_state, by_role, person_id, reason, amount, method, text, photo, at)
VALUES (@business_id, @id, @order_id, @act, @from_state, @to_state, @by_role, @person_id, @reason, @amount, @method, @text, @photo, @at)
ON CONFLICT (business_id, id) DO NOTHING;

-- name: Event :one
SELECT * FROM order_events WHERE business_id = @business_id AND id = @id;

-- name: Events :many
SELECT * FROM order_events WHERE business_id = @business_id AND order_id = @order_id ORDER BY at, id;

-- name: NextNumber :one
INSERT INTO order_numbers (business_id, last) VALUES (@business_id, 1)
ON CONFLICT (business_id) DO UPDATE SET last = order_numbers.last + 1 RETURNING last;

-- name: InsertToken :exec
INSERT INTO order_tokens (token_hash, business_id, order_id, expires_at) VALUES (@token_hash, @business_id, @order_id, NULL)
ON CONFLICT (token_hash) DO NOTHING;

-- name: Token :one
SELECT business_id, order_id, expires_at FROM order_tokens WHERE token_hash = @token_hash;

-- name: EndToken :exec
UPDATE order_tokens SET expires_at = @expires_at WHERE business_id = @business_id AND order_id = @order_id;

-- Erasing a customer leaves the order, without the person.
-- name: Erase :execrows
UPDATE orders SET name = '', phone = '', village = '', street = '', landmark = '', lat_e6 = NULL, lng_e6 = NULL, note = '', receiver = '', proof = NULL,
  search = '', customer_id = NULL
WHERE business_id = @business_id AND customer_id = @customer_id;

-- name: EraseEvents :exec
UPDATE order_events SET text = '', photo = NULL
WHERE order_events.business_id = @business_id AND order_events.order_id IN (SELECT o.id FROM orders o WHERE o.business_id = @business_id AND o.customer_id = @customer_id);

-- name: Photos :one
SELECT count(*) FROM order_events WHERE business_id = @business_id AND order_id = @order_id AND photo IS NOT NULL;

-- name: PhotosOf :many
SELECT e.order_id, e.photo FROM orders o JOIN order_events e ON e.business_id = o.business_id AND e.order_id = o.id
WHERE o.business_id = @business_id AND o.customer_id = @customer_id AND e.photo IS NOT NULL;

-- What sold most of late, among the newest orders.
-- name: Favorites :many
SELECT l.variant_id, CAST(sum(l.quantity) AS bigint) AS pieces
FROM (SELECT o.id FROM orders o WHERE o.business_id = @business_id AND o.placed_at >= @since ORDER BY o.placed_at DESC LIMIT 1000) x
JOIN order_lines l ON l.business_id = @business_id AND l.order_id = x.id
GROUP BY l.variant_id ORDER BY pieces DESC, l.variant_id LIMIT 50;

-- Papers of a batch, by the marks of where they came from and what they are called there.
-- name: Papers :many
SELECT * FROM order_papers WHERE business_id = @business_id AND mark IN (SELECT value FROM each_id(@marks));

-- name: PapersOf :many
SELECT * FROM order_papers WHERE business_id = @business_id AND id IN (SELECT value FROM each_id(@ids));

-- name: PaperLinesOf :many
SELECT * FROM order_paper_lines WHERE business_id = @business_id AND paper_id IN (SELECT value FROM each_id(@ids)) ORDER BY paper_id, n;

-- name: LinesOf :many
SELECT * FROM order_lines WHERE business_id = @business_id AND order_id IN (SELECT value FROM each_id(@ids)) ORDER BY order_id, n;

-- name: NextNumbers :one
INSERT INTO order_numbers (business_id, last) VALUES (@business_id, @many)
ON CONFLICT (business_id) DO UPDATE SET last = order_numbers.last + excluded.last RETURNING last;

-- name: PutPaper :exec
UPDATE order_papers SET hash = @hash, province = @province, country = @country, courier = @courier, waybill = @waybill,
  line_times = @line_times, total = @total, pieces = @pieces, revision = revision + 1, imported_at = @imported_at
WHERE business_id = @business_id AND id = @id;

-- name: DeletePaperLines :exec
DELETE FROM order_paper_lines WHERE business_id = @business_id AND paper_id = @paper_id;

-- name: ErasePapers :exec
UPDATE order_papers SET buyer = '', city = '', waybill = '', note = '', customer_id = NULL
WHERE business_id = @business_id AND customer_id = @customer_id;

-- Leaving goes out in the order in which it happened; number tells apart what happened at one moment.
-- name: Leaving :many
SELECT * FROM orders
WHERE business_id = @business_id AND placed_at >= @after_at AND (placed_at > @after_at OR number > @after_number) AND placed_at < @before_at
ORDER BY placed_at, number LIMIT @most;

-- name: LeavingPapers :many
SELECT * FROM order_papers
WHERE business_id = @business_id AND kind <> 'sale' AND at >= @after_at AND (at > @after_at OR number > @after_number) AND at < @before_at
ORDER BY at, number LIMIT @most;
