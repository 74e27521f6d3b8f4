-- +goose Up
-- People and how they sign in. None of this belongs to one business, so none of it is a tenant's table.
CREATE TABLE people (
  id blob NOT NULL,
  name text NOT NULL,
  phone text NOT NULL,
  phone_proven_at datetime,
  mail text NOT NULL,
  mail_proven_at datetime,
  password text NOT NULL,
  password_tag text NOT NULL,
  totp_sealed text NOT NULL,
  totp_at datetime,
  totp_step bigint NOT NULL,
  lang text NOT NULL,
  disabled_at datetime,
  last_membership blob,
  created_at datetime NOT NULL,
  updated_at datetime NOT NULL,
  PRIMARY KEY (id)) WITHOUT ROWID;
CREATE INDEX people_phone ON people (phone, password_tag, id);
CREATE INDEX people_mail ON people (mail, password_tag, id);

CREATE TABLE phone_owners (
  phone text NOT NULL,
  person_id blob NOT NULL,
  proven_at datetime NOT NULL,
  PRIMARY KEY (phone)) WITHOUT ROWID;

CREATE TABLE mail_owners (
  mail text NOT NULL,
  person_id blob NOT NULL,
  proven_at datetime NOT NULL,
  PRIMARY KEY (mail)) WITHOUT ROWID;

-- A membership is what a person may do for one business; of none (zeros): for the office or the installation.
CREATE TABLE memberships (
  id blob NOT NULL,
  person_id blob NOT NULL,
  business_id blob NOT NULL,
  role text NOT NULL,
  perms text NOT NULL,
  regions text NOT NULL,
  created_at datetime NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (person_id, business_id, role)) WITHOUT ROWID;
CREATE INDEX memberships_business ON memberships (business_id, id);

CREATE TABLE pins (
  membership_id blob NOT NULL,
  business_id blob NOT NULL,
  hash text NOT NULL,
  tries bigint NOT NULL,
  set_at datetime NOT NULL,
  PRIMARY KEY (membership_id)) WITHOUT ROWID;
CREATE INDEX pins_business ON pins (business_id, membership_id);

-- A device is a phone that helpers share, enrolled by the owner.
CREATE TABLE devices (
  id blob NOT NULL,
  business_id blob NOT NULL,
  token_hash text NOT NULL,
  name text NOT NULL,
  created_by blob NOT NULL,
  created_at datetime NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (token_hash)) WITHOUT ROWID;
CREATE INDEX devices_business ON devices (business_id, id);

CREATE TABLE sessions (
  token_hash text NOT NULL,
  id blob NOT NULL,
  person_id blob NOT NULL,
  membership_id blob,
  device_id blob,
  pending boolean NOT NULL,
  label text NOT NULL,
  created_at datetime NOT NULL,
  seen_at datetime NOT NULL,
  proven_at datetime NOT NULL,
  factor_at datetime,
  PRIMARY KEY (token_hash)) WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions (person_id, id);
CREATE INDEX sessions_membership ON sessions (membership_id);
CREATE INDEX sessions_device ON sessions (device_id);
CREATE INDEX sessions_seen ON sessions (seen_at);

CREATE TABLE invitations (
  id blob NOT NULL,
  token_hash text NOT NULL,
  business_id blob NOT NULL,
  role text NOT NULL,
  perms text NOT NULL,
  regions text NOT NULL,
  name text NOT NULL,
  created_by blob NOT NULL,
  created_at datetime NOT NULL,
  expires_at datetime NOT NULL,
  used_at datetime,
  PRIMARY KEY (id),
  UNIQUE (token_hash)) WITHOUT ROWID;
CREATE INDEX invitations_business ON invitations (business_id, id);

-- A link does one thing once.
CREATE TABLE account_links (
  token_hash text NOT NULL,
  purpose text NOT NULL,
  person_id blob NOT NULL,
  mail text NOT NULL,
  created_by blob NOT NULL,
  created_at datetime NOT NULL,
  expires_at datetime NOT NULL,
  used_at datetime,
  PRIMARY KEY (token_hash)) WITHOUT ROWID;
CREATE INDEX account_links_person ON account_links (person_id, purpose);
CREATE INDEX account_links_expires ON account_links (expires_at);

CREATE TABLE recovery_codes (
  person_id blob NOT NULL,
  hash text NOT NULL,
  used_at datetime,
  PRIMARY KEY (person_id, hash)) WITHOUT ROWID;

-- Failures of one account or address in a window of time; the key is a keyed hash.
CREATE TABLE guesses (
  key text NOT NULL,
  failures bigint NOT NULL,
  since datetime NOT NULL,
  wait_until datetime NOT NULL,
  PRIMARY KEY (key)) WITHOUT ROWID;
CREATE INDEX guesses_since ON guesses (since);

CREATE TABLE account_notices (
  id blob NOT NULL,
  person_id blob NOT NULL,
  kind text NOT NULL,
  at datetime NOT NULL,
  seen_at datetime,
  PRIMARY KEY (id)) WITHOUT ROWID;
CREATE INDEX account_notices_person ON account_notices (person_id, id);

CREATE TABLE legal_texts (
  kind text NOT NULL,
  version bigint NOT NULL,
  lang text NOT NULL,
  body text NOT NULL,
  published_by blob NOT NULL,
  published_at datetime NOT NULL,
  PRIMARY KEY (kind, version, lang)) WITHOUT ROWID;

CREATE TABLE acceptances (
  person_id blob NOT NULL,
  kind text NOT NULL,
  version bigint NOT NULL,
  channel text NOT NULL,
  at datetime NOT NULL,
  PRIMARY KEY (person_id, kind, version)) WITHOUT ROWID;

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
