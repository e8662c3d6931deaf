ALTER TABLE placement DROP COLUMN asked;
