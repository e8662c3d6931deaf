CREATE INDEX job_by_end ON job (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX allocation_by_release ON allocation (released_at) WHERE released_at IS NOT NULL;
