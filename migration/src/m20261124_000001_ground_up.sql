CREATE TABLE organization (
  id {uuid} NOT NULL PRIMARY KEY,
  slug text NOT NULL UNIQUE,
  name text NOT NULL,
  weight double precision NOT NULL CHECK (weight > 0),
  guaranteed_gpus double precision NOT NULL CHECK (guaranteed_gpus >= 0),
  max_gpus double precision CHECK (max_gpus >= 0),
  max_queued_jobs integer CHECK (max_queued_jobs >= 0),
  version integer NOT NULL,
  created_at {time} NOT NULL
);

CREATE TABLE api_key (
  id {uuid} NOT NULL PRIMARY KEY,
  organization_id {uuid} REFERENCES organization (id),
  name text NOT NULL,
  prefix text NOT NULL,
  hash text NOT NULL UNIQUE,
  role text NOT NULL CHECK (role IN ('VIEWER', 'MEMBER', 'ADMIN', 'OPERATOR')),
  created_by text NOT NULL,
  created_at {time} NOT NULL,
  expires_at {time},
  last_used_at {time},
  revoked_at {time},
  version integer NOT NULL
);
CREATE INDEX api_key_by_organization ON api_key (organization_id);

CREATE TABLE signing_key (
  kid text NOT NULL PRIMARY KEY,
  public_pem text NOT NULL,
  created_at {time} NOT NULL
);

CREATE TABLE host (
  id {uuid} NOT NULL PRIMARY KEY,
  name text NOT NULL UNIQUE,
  machine_id text NOT NULL,
  organization_id {uuid} REFERENCES organization (id),
  drain boolean NOT NULL,
  drain_reason text,
  down boolean NOT NULL,
  down_reason text,
  labels {json} NOT NULL,
  agent_version text,
  cpus double precision NOT NULL CHECK (cpus >= 0),
  memory_mib integer NOT NULL CHECK (memory_mib >= 0),
  epoch integer NOT NULL CHECK (epoch >= 0),
  version integer NOT NULL,
  created_at {time} NOT NULL,
  updated_at {time} NOT NULL
);

CREATE TABLE agent_credential (
  id {uuid} NOT NULL PRIMARY KEY,
  host_id {uuid} NOT NULL REFERENCES host (id),
  key_hash text NOT NULL UNIQUE,
  created_at {time} NOT NULL,
  revoked_at {time}
);
CREATE INDEX agent_credential_by_host ON agent_credential (host_id);

CREATE TABLE used_join_token (
  jti text NOT NULL PRIMARY KEY,
  host_id {uuid} NOT NULL REFERENCES host (id),
  used_at {time} NOT NULL
);

CREATE TABLE liveness (
  host_id {uuid} NOT NULL PRIMARY KEY REFERENCES host (id),
  epoch integer NOT NULL,
  last_heartbeat_at {time} NOT NULL
);

CREATE TABLE gpu (
  id {uuid} NOT NULL PRIMARY KEY,
  host_id {uuid} NOT NULL REFERENCES host (id),
  uuid text NOT NULL UNIQUE,
  device_index integer NOT NULL CHECK (device_index >= 0),
  gpu_type text NOT NULL,
  memory_mib integer NOT NULL CHECK (memory_mib >= 0),
  simulated boolean NOT NULL,
  present boolean NOT NULL,
  health text NOT NULL CHECK (health IN ('HEALTHY', 'DEGRADED', 'FAILED')),
  health_reason text,
  quarantined boolean NOT NULL,
  quarantine_reason text,
  version integer NOT NULL
);
CREATE INDEX gpu_by_host ON gpu (host_id, device_index);

CREATE TABLE telemetry (
  gpu_id {uuid} NOT NULL PRIMARY KEY REFERENCES gpu (id),
  at {time} NOT NULL,
  utilization_percent double precision,
  memory_used_mib integer,
  temperature_celsius integer,
  power_watts double precision,
  gpu_use text,
  processes {json} NOT NULL
);

CREATE TABLE job (
  id {uuid} NOT NULL PRIMARY KEY,
  organization_id {uuid} NOT NULL REFERENCES organization (id),
  name text NOT NULL,
  model_type text,
  status text NOT NULL CHECK (status IN
    ('QUEUED', 'HELD', 'ALLOCATED', 'RUNNING', 'STOPPING', 'SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT')),
  status_reason text,
  stop_outcome text CHECK (stop_outcome IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT')),
  held boolean NOT NULL,
  priority integer NOT NULL,
  requirements {json} NOT NULL,
  command {json},
  env {json} NOT NULL,
  workdir text,
  labels {json} NOT NULL,
  attempt integer NOT NULL CHECK (attempt >= 1),
  max_retries integer NOT NULL CHECK (max_retries >= 0),
  time_limit_seconds integer CHECK (time_limit_seconds > 0),
  exit_code integer,
  submitted_by text NOT NULL,
  submitted_at {time} NOT NULL,
  allocated_at {time},
  started_at {time},
  finished_at {time},
  updated_at {time} NOT NULL,
  version integer NOT NULL,
  CHECK ((finished_at IS NOT NULL) = (status IN ('SUCCEEDED', 'FAILED', 'CANCELLED', 'TIMED_OUT')))
);
CREATE INDEX job_by_organization ON job (organization_id, submitted_at, id);
CREATE INDEX job_by_submission ON job (submitted_at, id);
CREATE INDEX job_active ON job (status, organization_id) WHERE finished_at IS NULL;

CREATE TABLE job_dependency (
  job_id {uuid} NOT NULL REFERENCES job (id),
  depends_on {uuid} NOT NULL REFERENCES job (id),
  PRIMARY KEY (job_id, depends_on)
);
CREATE INDEX job_dependency_reverse ON job_dependency (depends_on);

CREATE TABLE allocation (
  id {uuid} NOT NULL PRIMARY KEY,
  job_id {uuid} NOT NULL REFERENCES job (id),
  organization_id {uuid} NOT NULL REFERENCES organization (id),
  attempt integer NOT NULL,
  host_id {uuid} NOT NULL REFERENCES host (id),
  gpu_id {uuid} NOT NULL REFERENCES gpu (id),
  milli integer NOT NULL CHECK (milli BETWEEN 1 AND 1000),
  cpus double precision NOT NULL,
  memory_gb double precision NOT NULL,
  allocated_at {time} NOT NULL,
  released_at {time},
  UNIQUE (job_id, attempt, gpu_id)
);
CREATE UNIQUE INDEX allocation_one_whole_per_gpu ON allocation (gpu_id) WHERE released_at IS NULL AND milli = 1000;
CREATE INDEX allocation_live_by_gpu ON allocation (gpu_id) WHERE released_at IS NULL;
CREATE INDEX allocation_live_by_host ON allocation (host_id) WHERE released_at IS NULL;
CREATE INDEX allocation_live_by_organization ON allocation (organization_id) WHERE released_at IS NULL;
CREATE INDEX allocation_by_organization ON allocation (organization_id, allocated_at);

CREATE TABLE placement (
  job_id {uuid} NOT NULL REFERENCES job (id),
  attempt integer NOT NULL,
  host_id {uuid} NOT NULL REFERENCES host (id),
  node_rank integer NOT NULL CHECK (node_rank >= 0),
  node_count integer NOT NULL CHECK (node_count >= 1),
  state text NOT NULL CHECK (state IN ('ASSIGNED', 'STARTED', 'EXITED', 'LOST')),
  exit_code integer,
  reason text,
  timed_out boolean NOT NULL,
  PRIMARY KEY (job_id, attempt, host_id)
);
CREATE INDEX placement_open_by_host ON placement (host_id) WHERE state IN ('ASSIGNED', 'STARTED');

CREATE TABLE event (
  seq {serial},
  organization_id {uuid},
  kind text NOT NULL CHECK (kind IN ('JOB', 'GPU', 'HOST', 'ORGANIZATION')),
  change text NOT NULL CHECK (change IN ('CREATED', 'UPDATED')),
  subject {uuid} NOT NULL,
  payload {json} NOT NULL,
  actor text NOT NULL,
  at {time} NOT NULL
);
CREATE INDEX event_by_subject ON event (subject, seq);

CREATE TABLE log_chunk (
  id {serial},
  job_id {uuid} NOT NULL REFERENCES job (id),
  attempt integer NOT NULL,
  host_id {uuid} NOT NULL REFERENCES host (id),
  first_line integer NOT NULL CHECK (first_line >= 0),
  line_count integer NOT NULL CHECK (line_count > 0),
  bytes integer NOT NULL,
  lines {json} NOT NULL,
  UNIQUE (job_id, attempt, host_id, first_line)
);
CREATE INDEX log_chunk_by_job ON log_chunk (job_id, id);

CREATE TABLE idempotency_key (
  organization_id {uuid} NOT NULL REFERENCES organization (id),
  idempotency_key text NOT NULL,
  request_hash text NOT NULL,
  job_id {uuid} NOT NULL REFERENCES job (id),
  created_at {time} NOT NULL,
  PRIMARY KEY (organization_id, idempotency_key)
);

CREATE TABLE lease (
  name text NOT NULL PRIMARY KEY,
  holder text NOT NULL,
  expires_at {time} NOT NULL
);
