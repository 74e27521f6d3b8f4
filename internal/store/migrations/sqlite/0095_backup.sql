-- +goose Up
-- Each time that a backup was made, a drill held, or either failed.
CREATE TABLE backup_runs (
  id blob NOT NULL,
  kind text NOT NULL, -- backup, drill
  state text NOT NULL, -- running, done, failed
  wanted_by blob, -- who asked; null: the schedule
  started_at datetime NOT NULL,
  beat_at datetime NOT NULL, -- while it runs: when it last said so
  ended_at datetime,
  covers_at datetime, -- all that was committed before is in it
  file text NOT NULL,
  size bigint NOT NULL,
  row_count bigint NOT NULL,
  sum text NOT NULL,
  places text NOT NULL, -- JSON: where copies are
  detail text NOT NULL, -- JSON: what a drill found; why it failed
  PRIMARY KEY (id)
) WITHOUT ROWID;
CREATE INDEX backup_runs_started ON backup_runs (kind, started_at, id);
-- One at a time.
CREATE UNIQUE INDEX backup_runs_one ON backup_runs (state) WHERE state = 'running';

-- Whom a shop erased: ids alone. A backup that is older than an entry holds the
-- person still, so the list is kept beside the backups and is followed again
-- after one was brought back.
CREATE TABLE backup_erasures (
  business_id blob NOT NULL,
  customer_id blob NOT NULL,
  erased_at datetime NOT NULL,
  PRIMARY KEY (business_id, customer_id)
) WITHOUT ROWID;
CREATE INDEX backup_erasures_at ON backup_erasures (erased_at, business_id, customer_id);

-- +goose Down
DROP TABLE backup_erasures;
DROP TABLE backup_runs;
