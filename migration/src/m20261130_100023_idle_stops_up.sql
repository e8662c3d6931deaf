ALTER TABLE job ADD COLUMN idle_stops integer NOT NULL DEFAULT 0 CHECK (idle_stops >= 0);
