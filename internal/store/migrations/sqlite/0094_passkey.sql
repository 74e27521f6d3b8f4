-- +goose Up
-- Keys in people's phones and computers, by which they sign in without a password.
CREATE TABLE passkeys (
  id blob NOT NULL,
  person_id blob NOT NULL,
  credential_id text NOT NULL,
  credential text NOT NULL,
  name text NOT NULL,
  created_at datetime NOT NULL,
  used_at datetime,
  PRIMARY KEY (id),
  UNIQUE (credential_id)) WITHOUT ROWID;
CREATE INDEX passkeys_person ON passkeys (person_id, id);

-- Questions that a browser was asked and has not answered yet; each is answered once.
CREATE TABLE passkey_challenges (
  hash text NOT NULL,
  purpose text NOT NULL,
  person_id blob, -- for whom a new key is made; none: to sign in
  session text NOT NULL, -- what the check needs of the question, JSON
  expires_at datetime NOT NULL,
  PRIMARY KEY (hash)) WITHOUT ROWID;
CREATE INDEX passkey_challenges_expires ON passkey_challenges (expires_at);

-- +goose Down
DROP TABLE passkey_challenges;
DROP TABLE passkeys;
