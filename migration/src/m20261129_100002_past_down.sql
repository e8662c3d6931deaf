DROP INDEX allocation_by_release;
DROP INDEX job_by_end;
