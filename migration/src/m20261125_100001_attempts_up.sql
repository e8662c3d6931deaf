ALTER TABLE job ADD COLUMN excused integer NOT NULL DEFAULT 0 CHECK (excused >= 0);
ALTER TABLE placement ADD COLUMN cause text CHECK (cause IN ('COMMAND', 'NEVER_STARTED', 'LOST'));
ALTER TABLE placement ADD COLUMN log_complete boolean NOT NULL DEFAULT false;
ALTER TABLE liveness ADD COLUMN lease_seconds integer NOT NULL DEFAULT 20 CHECK (lease_seconds > 0);
