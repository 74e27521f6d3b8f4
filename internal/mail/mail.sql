-- name: InsertMail :exec
INSERT INTO mails (id, recipient, subject, body, created_at)
VALUES (@id, @recipient, @subject, @body, @created_at);

-- name: Mail :one
SELECT recipient, subject, body, created_at FROM mails WHERE id = @id;

-- name: DeleteMail :exec
DELETE FROM mails WHERE id = @id;

-- name: DeleteOldMails :execrows
DELETE FROM mails WHERE created_at < @before;
