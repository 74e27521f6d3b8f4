-- +goose Up
CREATE TABLE jobs (
  business_id blob NOT NULL,
  id blob NOT NULL,
  kind text NOT NULL,
  args text NOT NULL,
  unique_key text,
  due_at datetime NOT NULL,
  tries bigint NOT NULL,
  fence bigint NOT NULL,
  give_up_at datetime NOT NULL,
  dead_at datetime,
  last_error text,
  created_at datetime NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, kind, unique_key)
) WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (due_at, id) WHERE dead_at IS NULL;
CREATE INDEX jobs_dead ON jobs (business_id, dead_at, id) WHERE dead_at IS NOT NULL;

CREATE TABLE job_schedules (
  name text NOT NULL,
  next_at datetime NOT NULL,
  last_at datetime,
  PRIMARY KEY (name)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE job_schedules;
DROP TABLE jobs;
