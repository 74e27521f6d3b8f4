-- Shop reads what is shown of one business.
-- name: Shop :one
SELECT * FROM directory_shops WHERE business_id = @business_id;

-- name: PutShop :exec
INSERT INTO directory_shops (business_id, slug, name, tagline, trade, village, place, dye, photo, products, bucket, opened_at, changed_at)
VALUES (@business_id, @slug, @name, @tagline, @trade, @village, @place, @dye, @photo, @products, @bucket, @opened_at, @changed_at)
ON CONFLICT (business_id) DO UPDATE SET slug = excluded.slug, name = excluded.name, tagline = excluded.tagline, trade = excluded.trade,
  village = excluded.village, place = excluded.place, dye = excluded.dye, photo = excluded.photo, products = excluded.products,
  opened_at = excluded.opened_at, changed_at = excluded.changed_at;

-- name: DeleteShop :execrows
DELETE FROM directory_shops WHERE business_id = @business_id;

-- Products reads what is shown of one business's products, to see what changed.
-- name: Products :many
SELECT * FROM directory_products WHERE business_id = @business_id;

-- name: PutProduct :exec
INSERT INTO directory_products (business_id, product_id, slug, title, price, price_to, photo, free, words, bucket, changed_at)
VALUES (@business_id, @product_id, @slug, @title, @price, @price_to, @photo, @free, @words, @bucket, @changed_at)
ON CONFLICT (product_id) DO UPDATE SET slug = excluded.slug, title = excluded.title, price = excluded.price, price_to = excluded.price_to,
  photo = excluded.photo, free = excluded.free, words = excluded.words, changed_at = excluded.changed_at
WHERE directory_products.business_id = excluded.business_id;

-- name: DeleteProduct :exec
DELETE FROM directory_products WHERE business_id = @business_id AND product_id = @product_id;

-- name: DeleteLists :exec
DELETE FROM directory_lists WHERE business_id = @business_id;

-- name: PutList :exec
INSERT INTO directory_lists (list, opened_at, business_id) VALUES (@list, @opened_at, @business_id)
ON CONFLICT (list, opened_at, business_id) DO NOTHING;

-- Newest reads one list from its newest end.
-- name: Newest :many
SELECT sqlc.embed(s) FROM directory_lists l JOIN directory_shops s ON s.business_id = l.business_id
WHERE l.list = @list AND l.opened_at <= @before_at AND (l.opened_at < @before_at OR l.business_id < @before_id)
ORDER BY l.opened_at DESC, l.business_id DESC
LIMIT @max;

-- name: ShopsByID :many
SELECT * FROM directory_shops WHERE business_id IN (SELECT value FROM each_id(@ids));

-- name: ProductsByID :many
SELECT sqlc.embed(p), s.slug AS shop_slug, s.name AS shop_name, s.place
FROM directory_products p JOIN directory_shops s ON s.business_id = p.business_id
WHERE p.product_id IN (SELECT value FROM each_id(@ids));

-- Word says whether a word is in use.
-- name: Word :one
SELECT uses FROM directory_words WHERE word = @word AND uses > 0;

-- Prefixed says whether any word in use begins so; the end is the first text after all that do.
-- name: Prefixed :many
SELECT word FROM directory_words WHERE word >= @word AND word < @word_end AND uses > 0 ORDER BY word LIMIT 1;

-- Near reads the words in use that may have been meant.
-- name: Near :many
SELECT DISTINCT n.word, w.uses FROM directory_near n JOIN directory_words w ON w.word = n.word
WHERE n.near IN (SELECT value FROM each_id(@nears)) AND w.uses > 0
ORDER BY w.uses DESC, n.word LIMIT 200;

-- name: AddWord :one
INSERT INTO directory_words (word, uses) VALUES (@word, @uses)
ON CONFLICT (word) DO UPDATE SET uses = directory_words.uses + excluded.uses RETURNING uses;

-- name: PutNear :exec
INSERT INTO directory_near (near, word) SELECT value, @word FROM each_id(@nears) WHERE true ON CONFLICT (near, word) DO NOTHING;

-- name: DeleteUnusedWords :many
DELETE FROM directory_words WHERE uses <= 0 RETURNING word;

-- name: DeleteNear :exec
DELETE FROM directory_near WHERE word IN (SELECT value FROM each_text(@words));

-- CountShops and CountProducts count up to a bound, so that they stay quick.
-- name: CountShops :one
SELECT CAST(count(*) AS bigint) FROM (SELECT 1 FROM directory_shops LIMIT @max) AS counted;

-- name: CountProducts :one
SELECT CAST(count(*) AS bigint) FROM (SELECT 1 FROM directory_products LIMIT @max) AS counted;

-- name: MapShops :many
SELECT business_id, slug, changed_at FROM directory_shops
WHERE bucket >= @bucket_from AND bucket <= @bucket_to ORDER BY bucket, business_id LIMIT @max;

-- name: MapProducts :many
SELECT p.slug, p.changed_at, s.slug AS shop_slug
FROM directory_products p JOIN directory_shops s ON s.business_id = p.business_id
WHERE p.bucket >= @bucket_from AND p.bucket <= @bucket_to ORDER BY p.bucket, p.product_id LIMIT @max;
