ALTER TABLE host ADD COLUMN fast_failures {json} NOT NULL DEFAULT '[]';
