-- +goose Up
-- Keys in people's phones and computers, by which they sign in without a password.
CREATE TABLE passkeys (
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  credential_id text NOT NULL, -- P2 base64url, as the browser sends it
  credential text NOT NULL, -- P2 JSON: public key, counter, flags; nothing secret
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (credential_id));
CREATE INDEX passkeys_person ON passkeys (person_id, id);
SELECT shared('passkeys');

-- Questions that a browser was asked and has not answered yet; each is answered once.
CREATE TABLE passkey_challenges (
  hash text NOT NULL,
  purpose text NOT NULL,
  person_id uuid, -- for whom a new key is made; none: to sign in
  session text NOT NULL, -- what the check needs of the question, JSON
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (hash));
CREATE INDEX passkey_challenges_expires ON passkey_challenges (expires_at);
SELECT shared('passkey_challenges');

-- +goose Down
DROP TABLE passkey_challenges;
DROP TABLE passkeys;
