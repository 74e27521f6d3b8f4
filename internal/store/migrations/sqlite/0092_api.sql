-- +goose Up
CREATE TABLE api_tokens (
  id blob NOT NULL,
  business_id blob NOT NULL,
  token_hash text NOT NULL,
  begins text NOT NULL,
  name text NOT NULL,
  grants text NOT NULL,
  person_id blob NOT NULL,
  membership_id blob NOT NULL,
  created_at datetime NOT NULL,
  expires_at datetime NOT NULL,
  revoked_at datetime,
  used_at datetime,
  PRIMARY KEY (id),
  UNIQUE (token_hash)
) WITHOUT ROWID;
CREATE INDEX api_tokens_business ON api_tokens (business_id, id);

CREATE TABLE api_answers (
  business_id blob NOT NULL,
  caller blob NOT NULL,
  route text NOT NULL,
  key_hash text NOT NULL,
  body_hash text NOT NULL,
  status bigint NOT NULL,
  answer text NOT NULL,
  customer_id blob,
  created_at datetime NOT NULL,
  PRIMARY KEY (business_id, caller, route, key_hash)
) WITHOUT ROWID;
CREATE INDEX api_answers_old ON api_answers (business_id, created_at);
CREATE INDEX api_answers_customer ON api_answers (business_id, customer_id);

-- +goose Down
DROP TABLE api_answers;
DROP TABLE api_tokens;
