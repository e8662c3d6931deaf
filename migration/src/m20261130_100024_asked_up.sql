ALTER TABLE placement ADD COLUMN asked boolean;
