ALTER TABLE host DROP COLUMN container_runtime;
ALTER TABLE job DROP COLUMN image;
