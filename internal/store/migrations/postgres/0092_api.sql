-- +goose Up
-- Keys by which programs act for a shop. The secret is kept as its hash alone;
-- begins is what its owner knows it by.
CREATE TABLE api_tokens (
  id uuid NOT NULL,
  business_id uuid NOT NULL,
  token_hash text NOT NULL,
  begins text NOT NULL,
  name text NOT NULL,
  grants text NOT NULL,
  person_id uuid NOT NULL,
  membership_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  used_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (token_hash)
);
CREATE INDEX api_tokens_business ON api_tokens (business_id, id);
SELECT shared('api_tokens');

-- What was answered to a write, by the key that came with it. The answer is
-- sealed; status zero stands for one that is still being worked on.
CREATE TABLE api_answers (
  business_id uuid NOT NULL,
  caller uuid NOT NULL,
  route text NOT NULL,
  key_hash text NOT NULL,
  body_hash text NOT NULL,
  status bigint NOT NULL,
  answer text NOT NULL, -- P2, sealed
  customer_id uuid,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, caller, route, key_hash)
);
SELECT tenant('api_answers');
CREATE INDEX api_answers_old ON api_answers (business_id, created_at);
CREATE INDEX api_answers_customer ON api_answers (business_id, customer_id);

-- +goose Down
DROP TABLE api_answers;
DROP TABLE api_tokens;
