ALTER TABLE placement DROP COLUMN log_cut;
