-- name: OpenUsage :exec
INSERT INTO blob_usage (business_id, bytes) VALUES (@business_id, 0) ON CONFLICT (business_id) DO NOTHING;

-- Use takes room if there is that much; no row changed means there is not.
-- name: Use :execrows
UPDATE blob_usage SET bytes = bytes + @bytes WHERE business_id = @business_id AND bytes + @bytes <= CAST(@quota AS bigint);

-- name: GiveBack :exec
UPDATE blob_usage SET bytes = bytes - @bytes WHERE business_id = @business_id;

-- name: InsertBlob :exec
INSERT INTO blobs (business_id, id, kind, private, width, height, bytes, owner_id, loose_since, created_at)
VALUES (@business_id, @id, @kind, @private, @width, @height, @bytes, @owner_id, @loose_since, @created_at);

-- name: InsertFile :exec
INSERT INTO blob_files (business_id, blob_id, width, content) VALUES (@business_id, @blob_id, @width, @content);

-- name: Attach :one
UPDATE blobs SET owner_id = @owner, loose_since = NULL
WHERE business_id = @business_id AND id = @id AND private = false AND (owner_id IS NULL OR owner_id = @owner)
RETURNING width, height;

-- name: Detach :execrows
UPDATE blobs SET owner_id = NULL, loose_since = @now
WHERE business_id = @business_id AND id = @id AND private = false AND owner_id = @owner;

-- name: EndPrivate :execrows
UPDATE blobs SET owner_id = NULL, loose_since = @now
WHERE business_id = @business_id AND id = @id AND private = true AND owner_id = @owner;

-- name: Blob :one
SELECT width, height, private FROM blobs WHERE business_id = @business_id AND id = @id;

-- name: Files :many
SELECT width, content FROM blob_files WHERE business_id = @business_id AND blob_id = @blob_id ORDER BY width;

-- name: Loose :many
SELECT id, bytes FROM blobs WHERE business_id = @business_id AND loose_since < @before ORDER BY id LIMIT @max;

-- name: DeleteFiles :exec
DELETE FROM blob_files WHERE business_id = @business_id AND blob_id = @blob_id;

-- name: DeleteBlob :exec
DELETE FROM blobs WHERE business_id = @business_id AND id = @id;

-- name: PublicFile :one
SELECT f.content FROM blobs b JOIN blob_files f ON f.business_id = b.business_id AND f.blob_id = b.id
WHERE b.business_id = @business_id AND b.id = @id AND b.private = false AND f.width = @width;

-- name: PrivateFile :one
SELECT f.content FROM blobs b JOIN blob_files f ON f.business_id = b.business_id AND f.blob_id = b.id
WHERE b.business_id = @business_id AND b.id = @id AND b.private = true AND b.owner_id = @owner;

-- Hand gives a private picture another owner.
-- name: Hand :execrows
UPDATE blobs SET owner_id = @heir, kind = @kind WHERE business_id = @business_id AND id = @id AND private = true AND owner_id = @owner;
