ALTER TABLE job DROP COLUMN idle_stops;
