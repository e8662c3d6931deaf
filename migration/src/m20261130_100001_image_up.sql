ALTER TABLE job ADD COLUMN image text;
ALTER TABLE host ADD COLUMN container_runtime text;
