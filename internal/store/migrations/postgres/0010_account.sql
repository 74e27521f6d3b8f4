-- +goose Up
-- People and how they sign in. None of this belongs to one business, so none of it is a tenant's table.
CREATE TABLE people (
  id uuid NOT NULL,
  name text NOT NULL, -- P2
  phone text NOT NULL, -- P2 as claimed, E.164; who proved it stands in phone_owners
  phone_proven_at timestamptz,
  mail text NOT NULL, -- P2 as given, folded
  mail_proven_at timestamptz,
  password text NOT NULL, -- P2 argon2id in PHC form; empty: cannot sign in by password
  password_tag text NOT NULL, -- P2 12 keyed bits of the password, to choose among claimants of a phone
  totp_sealed text NOT NULL, -- P2
  totp_at timestamptz,
  totp_step bigint NOT NULL,
  lang text NOT NULL,
  disabled_at timestamptz,
  last_membership uuid,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (id));
CREATE INDEX people_phone ON people (phone, password_tag, id);
CREATE INDEX people_mail ON people (mail, password_tag, id);
SELECT shared('people');

CREATE TABLE phone_owners (
  phone text NOT NULL, -- P2
  person_id uuid NOT NULL,
  proven_at timestamptz NOT NULL,
  PRIMARY KEY (phone));
SELECT shared('phone_owners');

CREATE TABLE mail_owners (
  mail text NOT NULL, -- P2
  person_id uuid NOT NULL,
  proven_at timestamptz NOT NULL,
  PRIMARY KEY (mail));
SELECT shared('mail_owners');

-- A membership is what a person may do for one business; of none (zeros): for the office or the installation.
CREATE TABLE memberships (
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  business_id uuid NOT NULL,
  role text NOT NULL,
  perms text NOT NULL,
  regions text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (person_id, business_id, role));
CREATE INDEX memberships_business ON memberships (business_id, id);
SELECT shared('memberships');

CREATE TABLE pins (
  membership_id uuid NOT NULL,
  business_id uuid NOT NULL,
  hash text NOT NULL, -- P2
  tries bigint NOT NULL,
  set_at timestamptz NOT NULL,
  PRIMARY KEY (membership_id));
CREATE INDEX pins_business ON pins (business_id, membership_id);
SELECT shared('pins');

-- A device is a phone that helpers share, enrolled by the owner.
CREATE TABLE devices (
  id uuid NOT NULL,
  business_id uuid NOT NULL,
  token_hash text NOT NULL,
  name text NOT NULL,
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (token_hash));
CREATE INDEX devices_business ON devices (business_id, id);
SELECT shared('devices');

CREATE TABLE sessions (
  token_hash text NOT NULL,
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  membership_id uuid,
  device_id uuid, -- the shared device, if signed in by PIN there
  pending boolean NOT NULL, -- the second step is still to come
  label text NOT NULL, -- kind of browser
  created_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  proven_at timestamptz NOT NULL,
  factor_at timestamptz,
  PRIMARY KEY (token_hash));
CREATE INDEX sessions_person ON sessions (person_id, id);
CREATE INDEX sessions_membership ON sessions (membership_id);
CREATE INDEX sessions_device ON sessions (device_id);
CREATE INDEX sessions_seen ON sessions (seen_at);
SELECT shared('sessions');

CREATE TABLE invitations (
  id uuid NOT NULL,
  token_hash text NOT NULL,
  business_id uuid NOT NULL,
  role text NOT NULL,
  perms text NOT NULL,
  regions text NOT NULL,
  name text NOT NULL, -- P2 whom the owner means
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (id),
  UNIQUE (token_hash));
CREATE INDEX invitations_business ON invitations (business_id, id);
SELECT shared('invitations');

-- A link does one thing once.
CREATE TABLE account_links (
  token_hash text NOT NULL,
  purpose text NOT NULL,
  person_id uuid NOT NULL,
  mail text NOT NULL, -- P2
  created_by uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (token_hash));
CREATE INDEX account_links_person ON account_links (person_id, purpose);
CREATE INDEX account_links_expires ON account_links (expires_at);
SELECT shared('account_links');

CREATE TABLE recovery_codes (
  person_id uuid NOT NULL,
  hash text NOT NULL, -- P2
  used_at timestamptz,
  PRIMARY KEY (person_id, hash));
SELECT shared('recovery_codes');

-- Failures of one account or address in a window of time; the key is a keyed hash.
CREATE TABLE guesses (
  key text NOT NULL,
  failures bigint NOT NULL,
  since timestamptz NOT NULL,
  wait_until timestamptz NOT NULL,
  PRIMARY KEY (key));
CREATE INDEX guesses_since ON guesses (since);
SELECT shared('guesses');

CREATE TABLE account_notices (
  id uuid NOT NULL,
  person_id uuid NOT NULL,
  kind text NOT NULL,
  at timestamptz NOT NULL,
  seen_at timestamptz,
  PRIMARY KEY (id));
CREATE INDEX account_notices_person ON account_notices (person_id, id);
SELECT shared('account_notices');

CREATE TABLE legal_texts (
  kind text NOT NULL,
  version bigint NOT NULL,
  lang text NOT NULL,
  body text NOT NULL,
  published_by uuid NOT NULL,
  published_at timestamptz NOT NULL,
  PRIMARY KEY (kind, version, lang));
SELECT shared('legal_texts');

CREATE TABLE acceptances (
  person_id uuid NOT NULL,
  kind text NOT NULL,
  version bigint NOT NULL,
  channel text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (person_id, kind, version));
SELECT shared('acceptances');

-- +goose Down
DROP TABLE acceptances;
DROP TABLE legal_texts;
DROP TABLE account_notices;
DROP TABLE guesses;
DROP TABLE recovery_codes;
DROP TABLE account_links;
DROP TABLE invitations;
DROP TABLE sessions;
DROP TABLE devices;
DROP TABLE pins;
DROP TABLE memberships;
DROP TABLE mail_owners;
DROP TABLE phone_owners;
DROP TABLE people;
