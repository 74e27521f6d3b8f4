-- +goose Up
-- Mails wait here until they are sent, and are deleted then.
CREATE TABLE mails (
  id uuid NOT NULL PRIMARY KEY,
  recipient text NOT NULL, -- P2
  subject text NOT NULL, -- P2
  body text NOT NULL, -- P2
  created_at timestamptz NOT NULL
);
SELECT shared('mails');

-- +goose Down
DROP TABLE mails;
