-- +goose Up
-- A job waits until due_at. Who takes it moves due_at to the end of the lease
-- and raises fence; a job that is done is deleted, one that is dead stays.
CREATE TABLE jobs (
  business_id uuid NOT NULL, -- all zeros: the installation's
  id uuid NOT NULL,
  kind text NOT NULL,
  args text NOT NULL,
  unique_key text, -- while it waits for its first try
  due_at timestamptz NOT NULL,
  tries bigint NOT NULL,
  fence bigint NOT NULL,
  give_up_at timestamptz NOT NULL,
  dead_at timestamptz,
  last_error text,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (business_id, id),
  UNIQUE (business_id, kind, unique_key)
);
CREATE INDEX jobs_due ON jobs (due_at, id) WHERE dead_at IS NULL;
CREATE INDEX jobs_dead ON jobs (business_id, dead_at, id) WHERE dead_at IS NOT NULL;
SELECT shared('jobs');

-- A schedule is due once at next_at, on whichever server claims it first.
CREATE TABLE job_schedules (
  name text NOT NULL,
  next_at timestamptz NOT NULL,
  last_at timestamptz,
  PRIMARY KEY (name)
);
SELECT shared('job_schedules');

-- +goose Down
DROP TABLE job_schedules;
DROP TABLE jobs;
