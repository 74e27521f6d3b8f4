-- +goose Up
CREATE TABLE mails (
  id blob NOT NULL PRIMARY KEY,
  recipient text NOT NULL,
  subject text NOT NULL,
  body text NOT NULL,
  created_at datetime NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE mails;
