/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What somebody did. */
export type AuditAction =
  /** Chosen GPUs were given to a job. */
  | 'ALLOCATE_GPUS'
  /** A job was cancelled. */
  | 'CANCEL_JOB'
  /** An API key was made. */
  | 'CREATE_API_KEY'
  /** An organization was made. */
  | 'CREATE_ORGANIZATION'
  /** A host has joined the fleet, by a join token: whoever that was made for did it, and the line names the token. */
  | 'JOIN_HOST'
  /** A job's GPUs were given back. */
  | 'RELEASE_JOB'
  /** A host was taken out of the fleet. */
  | 'REMOVE_HOST'
  /** A job that had ended was submitted anew. */
  | 'RETRY_JOB'
  /** An API key was revoked. */
  | 'REVOKE_API_KEY'
  /** A server's signing key was taken back, on the command line. */
  | 'REVOKE_SIGNING_KEY'
  /** Somebody signed in with the identity provider. */
  | 'SIGN_IN'
  /** A job was submitted. */
  | 'SUBMIT_JOB'
  /** Jobs were submitted in bulk. */
  | 'SUBMIT_JOBS'
  /** A host was edited. */
  | 'UPDATE_HOST'
  /** A waiting job was edited. */
  | 'UPDATE_JOB'
  /** An organization was edited. */
  | 'UPDATE_ORGANIZATION';

/** Which lines of the audit trail. */
export type AuditFilter = {
  /** One of these actions. */
  action?: Array<AuditAction> | null | undefined;
  /** Of this actor, exactly. */
  actor?: string | null | undefined;
  /** Done to an object of this organization. */
  organizationId?: string | number | null | undefined;
  /** At this instant or later. */
  since?: string | null | undefined;
  /** Done to the object with this global id. */
  subject?: string | number | null | undefined;
  /** Before this instant. */
  until?: string | null | undefined;
};

/** What a waiting job waits for. */
export type BlockerCode =
  /** A job that it depends on has not ended. */
  | 'DEPENDENCY'
  /** Another organization's turn. */
  | 'FAIR_SHARE'
  /** GPUs that match exist, but too few of them are free. */
  | 'GPUS_BUSY'
  /** Somebody holds it back. */
  | 'HELD'
  /** Jobs with more priority, or earlier ones, come first. */
  | 'HIGHER_PRIORITY_AHEAD'
  /** Too new: the scheduler has not looked at it. */
  | 'NOT_YET_EVALUATED'
  /** It has an image, and hosts that would do otherwise cannot run containers. */
  | 'NO_CONTAINER_RUNTIME'
  /** The fleet has not enough GPUs that match, busy ones included. */
  | 'NO_MATCHING_GPU'
  /** Its organization's ceiling. */
  | 'OVER_QUOTA'
  /** What is free is kept for an earlier job that needs more. */
  | 'RESERVED_FOR_EARLIER_JOB'
  /** It has failed, and rests before it is tried again. */
  | 'RETRY_PAUSE';

/** A job to cancel. */
export type CancelJobInput = {
  /** Only if it still has this version. */
  expectedVersion?: number | null | undefined;
  /** Which. */
  id: string | number;
  /** Why, for its history. */
  reason?: string | null | undefined;
};

/** Jobs to cancel. */
export type CancelJobsInput = {
  /** Which: those that pass it and have not ended. At least one condition. */
  filter: JobFilter;
  /** At most so many, the oldest, 1 to 1,000. */
  first?: number | null | undefined;
  /** Why, for their histories. */
  reason?: string | null | undefined;
};

/** What happened to an object. */
export type ChangeKind =
  /** It was made. */
  | 'CREATED'
  /** It was changed. */
  | 'UPDATED';

/** An API key to be. */
export type CreateApiKeyInput = {
  /** When it ends; absent: never. */
  expiresAt?: string | null | undefined;
  /** What people call it. */
  name: string;
  /** Whose it is; absent: the caller's organization's. An operator names any; a key of the role OPERATOR needs none. */
  organizationId?: string | number | null | undefined;
  /** What it may do: at most what the caller may. */
  role: Role;
};

/** An organization to be. */
export type CreateOrganizationInput = {
  /** What becomes of its jobs that do not use their GPUs; absent: they are told of. */
  idlePolicy?: IdlePolicyInput | null | undefined;
  /** Its name for people. */
  name: string;
  /** Its limits; absent: none. */
  quota?: QuotaInput | null | undefined;
  /** Its short name: lower-case letters, digits and dashes. */
  slug: string;
  /** Its share of the fleet relative to the others. */
  weight?: number | null | undefined;
};

/** An environment variable; its value can be written, never read. */
export type EnvVarInput = {
  /** Its name. */
  name: string;
  /** Its value. */
  value: string;
};

/** How well a GPU is, by its own word. */
export type GpuHealth =
  /** It works, with faults that want attention. */
  | 'DEGRADED'
  /** It does not work. */
  | 'FAILED'
  /** Nothing is reported. */
  | 'HEALTHY';

/** Whose a process on a GPU is. */
export type GpuProcessOwner =
  /** Nobody's of this fleet. */
  | 'FOREIGN'
  /** A job that holds the GPU. */
  | 'JOB'
  /** A job that has ended. */
  | 'ORPHAN';

/** What a job asks of the fleet. */
export type GpuRequirementsInput = {
  /** GPUs in all. */
  count?: number | null | undefined;
  /** CPU cores in all. */
  cpus?: number | null | undefined;
  /** Any of these types will do; none: any. */
  gpuTypes?: Array<string> | null | undefined;
  /** Labels that each host must have. */
  labels?: Array<LabelInput> | null | undefined;
  /** Host memory in all, decimal gigabytes. */
  memoryGb?: number | null | undefined;
  /** Thousandths of one GPU; less than 1000 only with count 1. */
  milli?: number | null | undefined;
  /** Least memory of each GPU, decimal gigabytes. */
  minMemoryGb?: number | null | undefined;
  /** True: all on one host. */
  singleHost?: boolean | null | undefined;
};

/** Whether a GPU can be had. */
export type GpuStatus =
  /** Some of it is allocated, or all: allocatedMilli says how much. */
  | 'ALLOCATED'
  /** Wholly free. */
  | 'AVAILABLE'
  /** Free on paper, not in fact: leftover or foreign processes, or a health fault. Not scheduled on until proved clean. */
  | 'QUARANTINED'
  /** Its host is down or drained. */
  | 'UNAVAILABLE';

/** What the card itself says, beside what the book says. */
export type GpuUse =
  /** A process that belongs to no job of this fleet is on it. */
  | 'FOREIGN'
  /** Not allocated, nothing runs on it. */
  | 'FREE'
  /** Allocated, and no process of its job has been on it for the idle window. */
  | 'HELD_EMPTY'
  /** Allocated, its job's processes hold it, and it has been idle for the idle window. */
  | 'HELD_IDLE'
  /** A process of a job that has ended is still on it. */
  | 'ORPHANED'
  /** Allocated, and its job's processes use it. */
  | 'WORKING';

/** Whether a host takes work. */
export type HostStatus =
  /** Its agent is silent. */
  | 'DOWN'
  /** It takes nothing new, and nothing runs on it. */
  | 'DRAINED'
  /** It takes nothing new; what runs on it may end. */
  | 'DRAINING'
  /** It takes work. */
  | 'READY';

/** What becomes of a job that holds GPUs and does not use them. */
export type IdleAction =
  /** Nobody looks. */
  | 'NOTHING'
  /** Its history tells of it, when it is warned and when its grace has passed. It runs on. */
  | 'NOTIFY'
  /** It is stopped and waits again, which uses up no retry; the third such stop of a job cancels it. A loan is released. */
  | 'STOP';

/** What is to become of jobs that hold GPUs and do not use them. */
export type IdlePolicyInput = {
  /** What becomes of a job that was warned and stays idle until its grace has passed; absent: NOTIFY. */
  action?: IdleAction | null | undefined;
  /** So many minutes lie between the warning and what follows it, 1 to 1,440; absent: 15. */
  graceMinutes?: number | null | undefined;
  /** A sample of this utilization or more counts as use, 1 to 50; absent: 5. */
  utilizationPercent?: number | null | undefined;
  /** So many minutes without use make a job idle, 1 to 1,440; absent: 30. */
  windowMinutes?: number | null | undefined;
};

/** Which jobs. */
export type JobFilter = {
  /** With all of these labels. */
  labels?: Array<LabelInput> | null | undefined;
  /** Of this model type. */
  modelType?: string | null | undefined;
  /** With this in their name, whatever the case. */
  nameContains?: string | null | undefined;
  /** Of this organization. */
  organizationId?: string | number | null | undefined;
  /** In one of these statuses. */
  status?: Array<JobStatus> | null | undefined;
  /** Submitted at this instant or later. */
  submittedAfter?: string | null | undefined;
  /** Submitted before this instant. */
  submittedBefore?: string | null | undefined;
  /** Submitted by exactly this user or key, as `submittedBy` names it. */
  submittedBy?: string | null | undefined;
};

/** How a list of jobs is sorted. */
export type JobOrder = {
  /** Which way. */
  direction: OrderDirection;
  /** By what. */
  field: JobOrderField;
};

/** What a list of jobs is sorted by. */
export type JobOrderField =
  /** Their priority. */
  | 'PRIORITY'
  /** When they were submitted. */
  | 'SUBMITTED_AT'
  /** When they were last changed. */
  | 'UPDATED_AT';

/** Where a job is in its life. */
export type JobStatus =
  /** Has its GPUs; the host has not started it yet. */
  | 'ALLOCATED'
  /** Ended because somebody asked. */
  | 'CANCELLED'
  /** Ended badly. */
  | 'FAILED'
  /** Waits for its dependencies or a release. */
  | 'HELD'
  /** Waits for GPUs. */
  | 'QUEUED'
  /** Its processes run, or its GPUs are lent. */
  | 'RUNNING'
  /** Asked to stop; its GPUs stay allocated until its processes are gone. */
  | 'STOPPING'
  /** Ended well. */
  | 'SUCCEEDED'
  /** Ended by its time limit. */
  | 'TIMED_OUT';

/** A key and a value. */
export type LabelInput = {
  /** Left of the equals sign. */
  key: string;
  /** Right of it. */
  value: string;
};

/** Where a log line was written. */
export type LogStream =
  /** Standard error. */
  | 'STDERR'
  /** Standard output. */
  | 'STDOUT';

/** Which way a list is sorted. */
export type OrderDirection =
  /** Smallest or oldest first. */
  | 'ASC'
  /** Largest or newest first. */
  | 'DESC';

/** Limits of an organization. */
export type QuotaInput = {
  /** GPUs that are its own whenever it wants them; absent: none. */
  guaranteedGpus?: number | null | undefined;
  /** Never more than this many at once; absent: no ceiling. */
  maxGpus?: number | null | undefined;
  /** Waiting jobs accepted at once; absent: no ceiling. */
  maxQueuedJobs?: number | null | undefined;
};

/** A job whose GPUs are to go back. */
export type ReleaseJobInput = {
  /** Which. */
  jobId: string | number;
};

/** A host to be taken out of the fleet. */
export type RemoveHostInput = {
  /** Only if it still has this version. */
  expectedVersion?: number | null | undefined;
  /** Which. */
  id: string | number;
};

/** A job that has ended, to be submitted anew. */
export type RetryJobInput = {
  /** Which. */
  id: string | number;
};

/** Jobs to submit anew. */
export type RetryJobsInput = {
  /** Which: those that pass it, have ended otherwise than well and were not submitted anew before. At least one condition. */
  filter: JobFilter;
  /** At most so many, the oldest, 1 to 1,000. */
  first?: number | null | undefined;
};

/** An API key to take back. */
export type RevokeApiKeyInput = {
  /** Which. */
  id: string | number;
};

/** What a token lets its bearer do. */
export type Role =
  /** Also manages its organization's API keys and quotas it was given to divide. */
  | 'ADMIN'
  /** A host's agent: nothing but the agent mutations and subscription. */
  | 'AGENT'
  /** Also submits, cancels, allocates. */
  | 'MEMBER'
  /** Runs the fleet: every organization, host and quota. */
  | 'OPERATOR'
  /** Reads its organization. */
  | 'VIEWER';

/** A job to be. */
export type SubmitJobInput = {
  /** Program and arguments; absent: a loan. */
  command?: Array<string> | null | undefined;
  /** Jobs that must succeed first. */
  dependsOn?: Array<string | number> | null | undefined;
  /** Environment variables. */
  env?: Array<EnvVarInput> | null | undefined;
  /** True: it waits until somebody lets it go. */
  hold?: boolean | null | undefined;
  /** Same key, same organization: the first submission's job is returned and nothing is created. */
  idempotencyKey?: string | null | undefined;
  /**
   * A container image of a registry in which the command runs, [host[:port]/]name[:tag][@sha256:digest]; absent: what is
   * installed on its host. The command takes the place of the image's own entry point.
   */
  image?: string | null | undefined;
  /** Free labels for filters. */
  labels?: Array<LabelInput> | null | undefined;
  /** Attempts beyond the first, when one fails or its host is lost. */
  maxRetries?: number | null | undefined;
  /** The kind of model it works on, for filters and reports. */
  modelType?: string | null | undefined;
  /** What people call it. */
  name: string;
  /** Larger goes first, -1000 to 1000. */
  priority?: number | null | undefined;
  /** What it asks of the fleet; absent: one whole GPU of any type. */
  requirements?: GpuRequirementsInput | null | undefined;
  /** Seconds between a failed attempt and the next one, 0 to 86,400; twice as long after each further one, up to an hour. */
  retryPauseSeconds?: number | null | undefined;
  /** Longest run of an attempt. */
  timeLimitSeconds?: number | null | undefined;
  /** Where the command starts, an absolute path on its host; absent: the home directory of the user that it runs as. */
  workdir?: string | null | undefined;
};

/** Several jobs to be. */
export type SubmitJobsInput = {
  /** The jobs, at most 1,000 with all of their copies. */
  jobs: Array<SubmitJobInput>;
  /**
   * How often each is submitted, as an array of jobs. Each copy finds its number, from 0, in its environment as
   * GPU_FLEET_ARRAY_INDEX and their count as GPU_FLEET_ARRAY_SIZE, and has the number as its label array-index.
   */
  times?: number | null | undefined;
};

/** What of a job's wishes a suggestion gives up. */
export type SuggestionCode =
  /** Its hosts need no labels. */
  | 'ANY_LABELS'
  /** Any type of GPU will do. */
  | 'ANY_TYPE'
  /** Fewer CPU cores will do. */
  | 'FEWER_CORES'
  /** Fewer GPUs will do. */
  | 'FEWER_GPUS'
  /** Less memory of each GPU will do. */
  | 'LESS_GPU_MEMORY'
  /** Less memory of its hosts will do. */
  | 'LESS_HOST_MEMORY'
  /** Nothing: a person lets it go. */
  | 'RELEASE'
  /** It may lie on several hosts. */
  | 'SEVERAL_HOSTS'
  /** It is done before a job starts to which the GPUs are promised. */
  | 'SHORTER_RUN'
  /** Half of its share of a GPU will do. */
  | 'SMALLER_SHARE'
  /** It may run what is installed on its host, without its image. */
  | 'WITHOUT_IMAGE';

/** Changes to a host. */
export type UpdateHostInput = {
  /** True: nothing new is placed on it; false: it takes work again. */
  drain?: boolean | null | undefined;
  /** Only if it still has this version. */
  expectedVersion: number;
  /** Which. */
  id: string | number;
  /** New labels, as a whole. */
  labels?: Array<LabelInput> | null | undefined;
  /** Dedicate it to this organization. */
  organizationId?: string | number | null | undefined;
  /** Why it is drained. */
  reason?: string | null | undefined;
  /** True: share it with all. */
  shared?: boolean | null | undefined;
};

/** Changes to a waiting job. */
export type UpdateJobInput = {
  /** Only if it still has this version. */
  expectedVersion: number;
  /** Hold it back, or let it go, also from its rest before it is tried again. */
  hold?: boolean | null | undefined;
  /** Which. */
  id: string | number;
  /** New priority. */
  priority?: number | null | undefined;
  /** New time limit. */
  timeLimitSeconds?: number | null | undefined;
};

/** Changes to an organization. */
export type UpdateOrganizationInput = {
  /** Only if it still has this version. */
  expectedVersion: number;
  /** Which. */
  id: string | number;
  /** New policy for jobs that do not use their GPUs, as a whole. */
  idlePolicy?: IdlePolicyInput | null | undefined;
  /** New name. */
  name?: string | null | undefined;
  /** New quota, as a whole. */
  quota?: QuotaInput | null | undefined;
  /** New weight. */
  weight?: number | null | undefined;
};

/** What usage is told by. */
export type UsageDimension =
  /** The day, in UTC. */
  | 'DAY'
  /** The type of the cards. */
  | 'GPU_TYPE'
  /** The kind of model that they named. */
  | 'MODEL_TYPE'
  /** Whose jobs they were. */
  | 'ORGANIZATION'
  /** Who submitted them. */
  | 'USER';

export type ApiKeyRowFragment = { id: string, name: string, prefix: string, role: Role, createdAt: string, createdBy: string, expiresAt: string | null, lastUsedAt: string | null, revokedAt: string | null };

export type ApiKeysQueryVariables = Exact<{
  slug?: string | null | undefined;
}>;


export type ApiKeysQuery = { organization: { id: string, name: string, slug: string, apiKeys: Array<{ id: string, name: string, prefix: string, role: Role, createdAt: string, createdBy: string, expiresAt: string | null, lastUsedAt: string | null, revokedAt: string | null }> } | null };

export type CreateApiKeyMutationVariables = Exact<{
  input: CreateApiKeyInput;
}>;


export type CreateApiKeyMutation = { createApiKey: { secret: string, apiKey: { id: string, name: string, prefix: string, role: Role, createdAt: string, createdBy: string, expiresAt: string | null, lastUsedAt: string | null, revokedAt: string | null } } };

export type RevokeApiKeyMutationVariables = Exact<{
  input: RevokeApiKeyInput;
}>;


export type RevokeApiKeyMutation = { revokeApiKey: { apiKey: { id: string, name: string, prefix: string, role: Role, createdAt: string, createdBy: string, expiresAt: string | null, lastUsedAt: string | null, revokedAt: string | null } } };

export type AuditPageQueryVariables = Exact<{
  filter?: AuditFilter | null | undefined;
  after?: string | null | undefined;
}>;


export type AuditPageQuery = { auditLog: { totalCount: number, nodes: Array<{ id: string, at: string, actor: string, role: Role, action: AuditAction | null, address: string | null, requestId: string, subject: string | null, organization: { slug: string } | null, apiKey: { id: string, name: string } | null, changes: Array<{ field: string, before: string | null, after: string | null }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type AuditUpdatesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type AuditUpdatesSubscription = { auditUpdates: { id: string } };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { viewer: { subject: string, role: Role, expiresAt: string | null, organization: { id: string, slug: string, name: string } | null } };

export type TelemetryHistoryQueryVariables = Exact<{
  ids: Array<string | number> | string | number;
  since: string;
  until?: string | null | undefined;
  stepSeconds: number;
  first: number;
}>;


export type TelemetryHistoryQuery = { nodes: Array<
    | { id: string, telemetryHistory: Array<{ at: string, utilizationPercent: number | null, peakUtilizationPercent: number | null, memoryUsedMib: number | null, temperatureCelsius: number | null, powerWatts: number | null }> }
    | Record<PropertyKey, never>
   | null> };

export type GpuReadingFragment = { id: string, use: GpuUse | null, telemetry: { at: string, utilizationPercent: number | null, memoryUsedMib: number | null, temperatureCelsius: number | null, powerWatts: number | null } | null, host: { id: string, status: HostStatus, lastHeartbeatAt: string | null } };

export type HostCellFragment = { id: string, version: number, name: string, status: HostStatus, statusReason: string | null, lastHeartbeatAt: string | null, organization: { id: string, slug: string } | null };

export type GpuCellFragment = { version: number, uuid: string, index: number, gpuType: string, memoryMib: number, simulated: boolean, status: GpuStatus, statusReason: string | null, health: GpuHealth, allocatedMilli: number, id: string, use: GpuUse | null, host: { id: string, status: HostStatus, lastHeartbeatAt: string | null, version: number, name: string, statusReason: string | null, organization: { id: string, slug: string } | null }, allocations: Array<{ id: string, milli: number, job: { id: string, name: string, organization: { id: string, slug: string, name: string } } }>, telemetry: { at: string, utilizationPercent: number | null, memoryUsedMib: number | null, temperatureCelsius: number | null, powerWatts: number | null } | null };

export type FleetTotalsFragment = { hosts: number, hostsReady: number, gpus: number, gpusAvailable: number, gpusAllocated: number, gpusUnavailable: number, utilizationPercent: number | null, jobsQueued: number, jobsRunning: number };

export type GpuPageQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type GpuPageQuery = { gpus: { nodes: Array<{ version: number, uuid: string, index: number, gpuType: string, memoryMib: number, simulated: boolean, status: GpuStatus, statusReason: string | null, health: GpuHealth, allocatedMilli: number, id: string, use: GpuUse | null, host: { id: string, status: HostStatus, lastHeartbeatAt: string | null, version: number, name: string, statusReason: string | null, organization: { id: string, slug: string } | null }, allocations: Array<{ id: string, milli: number, job: { id: string, name: string, organization: { id: string, slug: string, name: string } } }>, telemetry: { at: string, utilizationPercent: number | null, memoryUsedMib: number | null, temperatureCelsius: number | null, powerWatts: number | null } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type GpuDetailQueryVariables = Exact<{
  id: string | number;
}>;


export type GpuDetailQuery = { gpu: { numaNode: number | null, nvlinkPeers: Array<string>, sharesEnforced: boolean | null, version: number, uuid: string, index: number, gpuType: string, memoryMib: number, simulated: boolean, status: GpuStatus, statusReason: string | null, health: GpuHealth, allocatedMilli: number, id: string, use: GpuUse | null, telemetry: { clockMhz: number | null, memoryClockMhz: number | null, uncorrectedErrors: number | null, at: string, utilizationPercent: number | null, memoryUsedMib: number | null, temperatureCelsius: number | null, powerWatts: number | null } | null, processes: Array<{ pid: number, memoryUsedMib: number | null, command: string | null, owner: GpuProcessOwner, job: { id: string, name: string } | null }>, host: { id: string, status: HostStatus, lastHeartbeatAt: string | null, version: number, name: string, statusReason: string | null, organization: { id: string, slug: string } | null }, allocations: Array<{ id: string, milli: number, job: { id: string, name: string, organization: { id: string, slug: string, name: string } } }> } | null };

export type HostFactsFragment = { id: string, version: number, name: string, status: HostStatus, statusReason: string | null, cpus: number, memoryMib: number, agentVersion: string | null, containment: string | null, containerRuntime: string | null, lastHeartbeatAt: string | null, warnings: Array<string>, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string } | null };

export type HostDetailQueryVariables = Exact<{
  id: string | number;
}>;


export type HostDetailQuery = { host: { id: string, version: number, name: string, status: HostStatus, statusReason: string | null, cpus: number, memoryMib: number, agentVersion: string | null, containment: string | null, containerRuntime: string | null, lastHeartbeatAt: string | null, warnings: Array<string>, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string } | null } | null };

export type HostPageQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type HostPageQuery = { hosts: { nodes: Array<{ id: string, version: number, name: string, status: HostStatus, statusReason: string | null, cpus: number, memoryMib: number, agentVersion: string | null, containment: string | null, containerRuntime: string | null, lastHeartbeatAt: string | null, warnings: Array<string>, gpus: Array<{ id: string }>, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type UpdateHostMutationVariables = Exact<{
  input: UpdateHostInput;
}>;


export type UpdateHostMutation = { updateHost: { host: { id: string, version: number, name: string, status: HostStatus, statusReason: string | null, cpus: number, memoryMib: number, agentVersion: string | null, containment: string | null, containerRuntime: string | null, lastHeartbeatAt: string | null, warnings: Array<string>, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string } | null } } };

export type RemoveHostMutationVariables = Exact<{
  input: RemoveHostInput;
}>;


export type RemoveHostMutation = { removeHost: { id: string, name: string } };

export type GpuUpdatesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type GpuUpdatesSubscription = { gpuUpdates: { cursor: string, gpu: { version: number, uuid: string, index: number, gpuType: string, memoryMib: number, simulated: boolean, status: GpuStatus, statusReason: string | null, health: GpuHealth, allocatedMilli: number, id: string, use: GpuUse | null, host: { id: string, status: HostStatus, lastHeartbeatAt: string | null, version: number, name: string, statusReason: string | null, organization: { id: string, slug: string } | null }, allocations: Array<{ id: string, milli: number, job: { id: string, name: string, organization: { id: string, slug: string, name: string } } }>, telemetry: { at: string, utilizationPercent: number | null, memoryUsedMib: number | null, temperatureCelsius: number | null, powerWatts: number | null } | null } } };

export type GpuReadingsSubscriptionVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type GpuReadingsSubscription = { telemetryUpdates: { gpus: Array<{ id: string, use: GpuUse | null, telemetry: { at: string, utilizationPercent: number | null, memoryUsedMib: number | null, temperatureCelsius: number | null, powerWatts: number | null } | null, host: { id: string, status: HostStatus, lastHeartbeatAt: string | null } }> } };

export type HostUpdatesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type HostUpdatesSubscription = { hostUpdates: { cursor: string, host: { id: string, version: number, name: string, status: HostStatus, statusReason: string | null, lastHeartbeatAt: string | null, organization: { id: string, slug: string } | null } | null } };

export type FleetUpdatesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type FleetUpdatesSubscription = { fleetUpdates: { hosts: number, hostsReady: number, gpus: number, gpusAvailable: number, gpusAllocated: number, gpusUnavailable: number, utilizationPercent: number | null, jobsQueued: number, jobsRunning: number } };

export type JobRowFragment = { id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> };

export type WishFragment = { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null, singleHost: boolean, cpus: number | null, memoryGb: number | null, labels: Array<{ key: string, value: string }> };

export type StartSuggestionFragment = { code: SuggestionCode, message: string, timeLimitSeconds: number | null, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null, singleHost: boolean, cpus: number | null, memoryGb: number | null, labels: Array<{ key: string, value: string }> } };

export type JobPageQueryVariables = Exact<{
  filter?: JobFilter | null | undefined;
  order?: JobOrder | null | undefined;
  first: number;
  after?: string | null | undefined;
}>;


export type JobPageQuery = { jobs: { nodes: Array<{ id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type JobCountsQueryVariables = Exact<{
  name?: string | null | undefined;
  model?: string | null | undefined;
  organization?: string | number | null | undefined;
  labels?: Array<LabelInput> | LabelInput | null | undefined;
  by?: string | null | undefined;
}>;


export type JobCountsQuery = { queued: { totalCount: number }, held: { totalCount: number }, allocated: { totalCount: number }, running: { totalCount: number }, stopping: { totalCount: number }, succeeded: { totalCount: number }, failed: { totalCount: number }, cancelled: { totalCount: number }, timedOut: { totalCount: number } };

export type JobDetailQueryVariables = Exact<{
  id: string | number;
}>;


export type JobDetailQuery = { job: { workdir: string | null, image: string | null, envNames: Array<string>, maxRetries: number, retryPauseSeconds: number, retryAt: string | null, idleSince: string | null, id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, idleWarning: { action: IdleAction, actsAt: string } | null, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null, singleHost: boolean, cpus: number | null, memoryGb: number | null, labels: Array<{ key: string, value: string }> }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, suggestions: Array<{ code: SuggestionCode, message: string, timeLimitSeconds: number | null, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null, singleHost: boolean, cpus: number | null, memoryGb: number | null, labels: Array<{ key: string, value: string }> } }>, estimateQuality: { jobs: number, withinNinetyPercent: number, medianMissSeconds: number } | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, retryOf: { id: string, name: string } | null, allocations: Array<{ id: string, attempt: number, allocatedAt: string, releasedAt: string | null, milli: number, gpu: { id: string, index: number, host: { id: string, name: string } } }>, dependsOn: Array<{ id: string, name: string, status: JobStatus }>, events: { nodes: Array<{ cursor: string, at: string, status: JobStatus, message: string | null, actor: string, attempt: number }>, pageInfo: { hasNextPage: boolean } }, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> } | null };

export type CancelJobMutationVariables = Exact<{
  input: CancelJobInput;
}>;


export type CancelJobMutation = { cancelJob: { job: { id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> } } };

export type RetryJobMutationVariables = Exact<{
  input: RetryJobInput;
}>;


export type RetryJobMutation = { retryJob: { job: { id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> } } };

export type UpdateJobMutationVariables = Exact<{
  input: UpdateJobInput;
}>;


export type UpdateJobMutation = { updateJob: { job: { id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> } } };

export type ReleaseJobMutationVariables = Exact<{
  input: ReleaseJobInput;
}>;


export type ReleaseJobMutation = { releaseJob: { job: { id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> } } };

export type JobUpdatesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type JobUpdatesSubscription = { jobUpdates: { cursor: string, kind: ChangeKind, job: { id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> } } };

export type JobLogsSubscriptionVariables = Exact<{
  jobId: string | number;
  after?: string | null | undefined;
  attempt?: number | null | undefined;
}>;


export type JobLogsSubscription = { jobLogs: { cursor: string, at: string, stream: LogStream, text: string } };

export type JobsByIdsQueryVariables = Exact<{
  ids: Array<string | number> | string | number;
}>;


export type JobsByIdsQuery = { nodes: Array<
    | { id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> }
    | Record<PropertyKey, never>
   | null> };

export type CancelJobsMutationVariables = Exact<{
  input: CancelJobsInput;
}>;


export type CancelJobsMutation = { cancelJobs: { refused: number, firstRefusal: string | null, hasMore: boolean, jobs: Array<{ id: string }> } };

export type RetryJobsMutationVariables = Exact<{
  input: RetryJobsInput;
}>;


export type RetryJobsMutation = { retryJobs: { refused: number, firstRefusal: string | null, hasMore: boolean, jobs: Array<{ id: string }> } };

export type ChangedJobsFragment = { refused: number, firstRefusal: string | null, hasMore: boolean, jobs: Array<{ id: string }> };

export type LogPageQueryVariables = Exact<{
  id: string | number;
  first: number;
  after?: string | null | undefined;
  attempt?: number | null | undefined;
  contains?: string | null | undefined;
}>;


export type LogPageQuery = { job: { log: { nodes: Array<{ cursor: string, at: string, stream: LogStream, text: string }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } } | null };

export type EventCursorQueryVariables = Exact<{ [key: string]: never; }>;


export type EventCursorQuery = { eventCursor: string };

export type OrganizationRowFragment = { id: string, version: number, slug: string, name: string, weight: number, createdAt: string, quota: { guaranteedGpus: number, maxGpus: number | null, maxQueuedJobs: number | null }, idlePolicy: { action: IdleAction, windowMinutes: number, graceMinutes: number, utilizationPercent: number }, usage: { allocatedGpus: number, runningJobs: number, queuedJobs: number } };

export type OwnOrganizationQueryVariables = Exact<{ [key: string]: never; }>;


export type OwnOrganizationQuery = { organization: { id: string, version: number, slug: string, name: string, weight: number, createdAt: string, quota: { guaranteedGpus: number, maxGpus: number | null, maxQueuedJobs: number | null }, idlePolicy: { action: IdleAction, windowMinutes: number, graceMinutes: number, utilizationPercent: number }, usage: { allocatedGpus: number, runningJobs: number, queuedJobs: number } } | null };

export type OrganizationPageQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type OrganizationPageQuery = { organizations: { nodes: Array<{ id: string, version: number, slug: string, name: string, weight: number, createdAt: string, quota: { guaranteedGpus: number, maxGpus: number | null, maxQueuedJobs: number | null }, idlePolicy: { action: IdleAction, windowMinutes: number, graceMinutes: number, utilizationPercent: number }, usage: { allocatedGpus: number, runningJobs: number, queuedJobs: number } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CreateOrganizationMutationVariables = Exact<{
  input: CreateOrganizationInput;
}>;


export type CreateOrganizationMutation = { createOrganization: { organization: { id: string, version: number, slug: string, name: string, weight: number, createdAt: string, quota: { guaranteedGpus: number, maxGpus: number | null, maxQueuedJobs: number | null }, idlePolicy: { action: IdleAction, windowMinutes: number, graceMinutes: number, utilizationPercent: number }, usage: { allocatedGpus: number, runningJobs: number, queuedJobs: number } } } };

export type UpdateOrganizationMutationVariables = Exact<{
  input: UpdateOrganizationInput;
}>;


export type UpdateOrganizationMutation = { updateOrganization: { organization: { id: string, version: number, slug: string, name: string, weight: number, createdAt: string, quota: { guaranteedGpus: number, maxGpus: number | null, maxQueuedJobs: number | null }, idlePolicy: { action: IdleAction, windowMinutes: number, graceMinutes: number, utilizationPercent: number }, usage: { allocatedGpus: number, runningJobs: number, queuedJobs: number } } } };

export type OrganizationBySlugQueryVariables = Exact<{
  slug: string;
}>;


export type OrganizationBySlugQuery = { organization: { id: string, version: number, slug: string, name: string, weight: number, createdAt: string, quota: { guaranteedGpus: number, maxGpus: number | null, maxQueuedJobs: number | null }, idlePolicy: { action: IdleAction, windowMinutes: number, graceMinutes: number, utilizationPercent: number }, usage: { allocatedGpus: number, runningJobs: number, queuedJobs: number } } | null };

export type OrganizationUpdatesSubscriptionVariables = Exact<{
  after?: string | null | undefined;
}>;


export type OrganizationUpdatesSubscription = { organizationUpdates: { cursor: string, organization: { id: string, version: number, slug: string, name: string, weight: number, createdAt: string, quota: { guaranteedGpus: number, maxGpus: number | null, maxQueuedJobs: number | null }, idlePolicy: { action: IdleAction, windowMinutes: number, graceMinutes: number, utilizationPercent: number }, usage: { allocatedGpus: number, runningJobs: number, queuedJobs: number } } } };

export type FindJobsQueryVariables = Exact<{
  name: string;
}>;


export type FindJobsQuery = { jobs: { nodes: Array<{ id: string, name: string, status: JobStatus, organization: { slug: string } }> } };

export type FindByIdQueryVariables = Exact<{
  id: string | number;
}>;


export type FindByIdQuery = { node:
    | { id: string, name: string, status: JobStatus, organization: { slug: string } }
    | Record<PropertyKey, never>
   | null };

export type FoundJobFragment = { id: string, name: string, status: JobStatus, organization: { slug: string } };

export type SubmitJobMutationVariables = Exact<{
  input: SubmitJobInput;
}>;


export type SubmitJobMutation = { submitJob: { job: { id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> } } };

export type SubmitJobsMutationVariables = Exact<{
  input: SubmitJobsInput;
}>;


export type SubmitJobsMutation = { submitJobs: { jobs: Array<{ id: string, version: number, name: string, modelType: string | null, status: JobStatus, statusReason: string | null, priority: number, attempt: number, exitCode: number | null, command: Array<string> | null, timeLimitSeconds: number | null, submittedBy: string, submittedAt: string, allocatedAt: string | null, startedAt: string | null, finishedAt: string | null, updatedAt: string, labels: Array<{ key: string, value: string }>, organization: { id: string, slug: string, name: string }, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null }, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }> } | null, gpus: Array<{ id: string, index: number, gpuType: string, host: { id: string, name: string } }> }> } };

export type PreviewJobQueryVariables = Exact<{
  input: SubmitJobInput;
}>;


export type PreviewJobQuery = { previewJob: { startsNow: boolean, hosts: Array<string>, pending: { position: number, estimatedStartAt: string | null, medianStartAt: string | null, ninetyPercentStartAt: string | null, blockers: Array<{ code: BlockerCode, message: string }>, suggestions: Array<{ code: SuggestionCode, message: string, timeLimitSeconds: number | null, requirements: { count: number, milli: number, gpuTypes: Array<string>, minMemoryGb: number | null, singleHost: boolean, cpus: number | null, memoryGb: number | null, labels: Array<{ key: string, value: string }> } }> } | null } };

export type UsageNumbersFragment = { allocatedGpuSeconds: number, observedGpuSeconds: number, usedGpuSeconds: number };

export type UsageQueryVariables = Exact<{
  by: Array<UsageDimension> | UsageDimension;
  since: string;
}>;


export type UsageQuery = { groups: { since: string, until: string, rows: Array<{ jobs: number, user: string | null, modelType: string | null, gpuType: string | null, allocatedGpuSeconds: number, observedGpuSeconds: number, usedGpuSeconds: number, organization: { slug: string, name: string } | null }>, total: { allocatedGpuSeconds: number, observedGpuSeconds: number, usedGpuSeconds: number } }, days: { rows: Array<{ day: string | null, allocatedGpuSeconds: number, observedGpuSeconds: number, usedGpuSeconds: number }> } };

export type UsageFileQueryVariables = Exact<{
  by: Array<UsageDimension> | UsageDimension;
  since: string;
}>;


export type UsageFileQuery = { usageBreakdown: { rows: Array<{ jobs: number, day: string | null, user: string | null, modelType: string | null, gpuType: string | null, allocatedGpuSeconds: number, observedGpuSeconds: number, usedGpuSeconds: number, organization: { slug: string, name: string } | null }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const ApiKeyRowFragmentDoc = new TypedDocumentString(`
    fragment ApiKeyRow on ApiKey {
  id
  name
  prefix
  role
  createdAt
  createdBy
  expiresAt
  lastUsedAt
  revokedAt
}
    `, {"fragmentName":"ApiKeyRow"}) as unknown as TypedDocumentString<ApiKeyRowFragment, unknown>;
export const GpuReadingFragmentDoc = new TypedDocumentString(`
    fragment GpuReading on Gpu {
  id
  use
  telemetry {
    at
    utilizationPercent
    memoryUsedMib
    temperatureCelsius
    powerWatts
  }
  host {
    id
    status
    lastHeartbeatAt
  }
}
    `, {"fragmentName":"GpuReading"}) as unknown as TypedDocumentString<GpuReadingFragment, unknown>;
export const HostCellFragmentDoc = new TypedDocumentString(`
    fragment HostCell on Host {
  id
  version
  name
  status
  statusReason
  lastHeartbeatAt
  organization {
    id
    slug
  }
}
    `, {"fragmentName":"HostCell"}) as unknown as TypedDocumentString<HostCellFragment, unknown>;
export const GpuCellFragmentDoc = new TypedDocumentString(`
    fragment GpuCell on Gpu {
  ...GpuReading
  version
  uuid
  index
  gpuType
  memoryMib
  simulated
  status
  statusReason
  health
  allocatedMilli
  host {
    ...HostCell
  }
  allocations {
    id
    milli
    job {
      id
      name
      organization {
        id
        slug
        name
      }
    }
  }
}
    fragment GpuReading on Gpu {
  id
  use
  telemetry {
    at
    utilizationPercent
    memoryUsedMib
    temperatureCelsius
    powerWatts
  }
  host {
    id
    status
    lastHeartbeatAt
  }
}
fragment HostCell on Host {
  id
  version
  name
  status
  statusReason
  lastHeartbeatAt
  organization {
    id
    slug
  }
}`, {"fragmentName":"GpuCell"}) as unknown as TypedDocumentString<GpuCellFragment, unknown>;
export const FleetTotalsFragmentDoc = new TypedDocumentString(`
    fragment FleetTotals on FleetSummary {
  hosts
  hostsReady
  gpus
  gpusAvailable
  gpusAllocated
  gpusUnavailable
  utilizationPercent
  jobsQueued
  jobsRunning
}
    `, {"fragmentName":"FleetTotals"}) as unknown as TypedDocumentString<FleetTotalsFragment, unknown>;
export const HostFactsFragmentDoc = new TypedDocumentString(`
    fragment HostFacts on Host {
  id
  version
  name
  status
  statusReason
  cpus
  memoryMib
  agentVersion
  containment
  containerRuntime
  lastHeartbeatAt
  warnings
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
}
    `, {"fragmentName":"HostFacts"}) as unknown as TypedDocumentString<HostFactsFragment, unknown>;
export const JobRowFragmentDoc = new TypedDocumentString(`
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}
    `, {"fragmentName":"JobRow"}) as unknown as TypedDocumentString<JobRowFragment, unknown>;
export const WishFragmentDoc = new TypedDocumentString(`
    fragment Wish on GpuRequirements {
  count
  milli
  gpuTypes
  minMemoryGb
  singleHost
  cpus
  memoryGb
  labels {
    key
    value
  }
}
    `, {"fragmentName":"Wish"}) as unknown as TypedDocumentString<WishFragment, unknown>;
export const StartSuggestionFragmentDoc = new TypedDocumentString(`
    fragment StartSuggestion on Suggestion {
  code
  message
  requirements {
    ...Wish
  }
  timeLimitSeconds
}
    fragment Wish on GpuRequirements {
  count
  milli
  gpuTypes
  minMemoryGb
  singleHost
  cpus
  memoryGb
  labels {
    key
    value
  }
}`, {"fragmentName":"StartSuggestion"}) as unknown as TypedDocumentString<StartSuggestionFragment, unknown>;
export const ChangedJobsFragmentDoc = new TypedDocumentString(`
    fragment ChangedJobs on ChangedJobsPayload {
  jobs {
    id
  }
  refused
  firstRefusal
  hasMore
}
    `, {"fragmentName":"ChangedJobs"}) as unknown as TypedDocumentString<ChangedJobsFragment, unknown>;
export const OrganizationRowFragmentDoc = new TypedDocumentString(`
    fragment OrganizationRow on Organization {
  id
  version
  slug
  name
  weight
  createdAt
  quota {
    guaranteedGpus
    maxGpus
    maxQueuedJobs
  }
  idlePolicy {
    action
    windowMinutes
    graceMinutes
    utilizationPercent
  }
  usage {
    allocatedGpus
    runningJobs
    queuedJobs
  }
}
    `, {"fragmentName":"OrganizationRow"}) as unknown as TypedDocumentString<OrganizationRowFragment, unknown>;
export const FoundJobFragmentDoc = new TypedDocumentString(`
    fragment FoundJob on Job {
  id
  name
  status
  organization {
    slug
  }
}
    `, {"fragmentName":"FoundJob"}) as unknown as TypedDocumentString<FoundJobFragment, unknown>;
export const UsageNumbersFragmentDoc = new TypedDocumentString(`
    fragment UsageNumbers on UsageRow {
  allocatedGpuSeconds
  observedGpuSeconds
  usedGpuSeconds
}
    `, {"fragmentName":"UsageNumbers"}) as unknown as TypedDocumentString<UsageNumbersFragment, unknown>;
export const ApiKeysDocument = new TypedDocumentString(`
    query ApiKeys($slug: String) {
  organization(slug: $slug) {
    id
    name
    slug
    apiKeys(first: 500) {
      ...ApiKeyRow
    }
  }
}
    fragment ApiKeyRow on ApiKey {
  id
  name
  prefix
  role
  createdAt
  createdBy
  expiresAt
  lastUsedAt
  revokedAt
}`) as unknown as TypedDocumentString<ApiKeysQuery, ApiKeysQueryVariables>;
export const CreateApiKeyDocument = new TypedDocumentString(`
    mutation CreateApiKey($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    apiKey {
      ...ApiKeyRow
    }
    secret
  }
}
    fragment ApiKeyRow on ApiKey {
  id
  name
  prefix
  role
  createdAt
  createdBy
  expiresAt
  lastUsedAt
  revokedAt
}`) as unknown as TypedDocumentString<CreateApiKeyMutation, CreateApiKeyMutationVariables>;
export const RevokeApiKeyDocument = new TypedDocumentString(`
    mutation RevokeApiKey($input: RevokeApiKeyInput!) {
  revokeApiKey(input: $input) {
    apiKey {
      ...ApiKeyRow
    }
  }
}
    fragment ApiKeyRow on ApiKey {
  id
  name
  prefix
  role
  createdAt
  createdBy
  expiresAt
  lastUsedAt
  revokedAt
}`) as unknown as TypedDocumentString<RevokeApiKeyMutation, RevokeApiKeyMutationVariables>;
export const AuditPageDocument = new TypedDocumentString(`
    query AuditPage($filter: AuditFilter, $after: String) {
  auditLog(filter: $filter, first: 50, after: $after) {
    totalCount
    nodes {
      id
      at
      actor
      role
      action
      address
      requestId
      subject
      organization {
        slug
      }
      apiKey {
        id
        name
      }
      changes(first: 20) {
        field
        before
        after
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<AuditPageQuery, AuditPageQueryVariables>;
export const AuditUpdatesDocument = new TypedDocumentString(`
    subscription AuditUpdates {
  auditUpdates {
    id
  }
}
    `) as unknown as TypedDocumentString<AuditUpdatesSubscription, AuditUpdatesSubscriptionVariables>;
export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  viewer {
    subject
    role
    expiresAt
    organization {
      id
      slug
      name
    }
  }
}
    `) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;
export const TelemetryHistoryDocument = new TypedDocumentString(`
    query TelemetryHistory($ids: [ID!]!, $since: DateTime!, $until: DateTime, $stepSeconds: Int!, $first: Int!) {
  nodes(ids: $ids) {
    ... on Gpu {
      id
      telemetryHistory(
        since: $since
        until: $until
        stepSeconds: $stepSeconds
        first: $first
      ) {
        at
        utilizationPercent
        peakUtilizationPercent
        memoryUsedMib
        temperatureCelsius
        powerWatts
      }
    }
  }
}
    `) as unknown as TypedDocumentString<TelemetryHistoryQuery, TelemetryHistoryQueryVariables>;
export const GpuPageDocument = new TypedDocumentString(`
    query GpuPage($after: String) {
  gpus(first: 250, after: $after) {
    nodes {
      ...GpuCell
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment GpuReading on Gpu {
  id
  use
  telemetry {
    at
    utilizationPercent
    memoryUsedMib
    temperatureCelsius
    powerWatts
  }
  host {
    id
    status
    lastHeartbeatAt
  }
}
fragment HostCell on Host {
  id
  version
  name
  status
  statusReason
  lastHeartbeatAt
  organization {
    id
    slug
  }
}
fragment GpuCell on Gpu {
  ...GpuReading
  version
  uuid
  index
  gpuType
  memoryMib
  simulated
  status
  statusReason
  health
  allocatedMilli
  host {
    ...HostCell
  }
  allocations {
    id
    milli
    job {
      id
      name
      organization {
        id
        slug
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<GpuPageQuery, GpuPageQueryVariables>;
export const GpuDetailDocument = new TypedDocumentString(`
    query GpuDetail($id: ID!) {
  gpu(id: $id) {
    ...GpuCell
    numaNode
    nvlinkPeers
    sharesEnforced
    telemetry {
      clockMhz
      memoryClockMhz
      uncorrectedErrors
    }
    processes {
      pid
      memoryUsedMib
      command
      owner
      job {
        id
        name
      }
    }
  }
}
    fragment GpuReading on Gpu {
  id
  use
  telemetry {
    at
    utilizationPercent
    memoryUsedMib
    temperatureCelsius
    powerWatts
  }
  host {
    id
    status
    lastHeartbeatAt
  }
}
fragment HostCell on Host {
  id
  version
  name
  status
  statusReason
  lastHeartbeatAt
  organization {
    id
    slug
  }
}
fragment GpuCell on Gpu {
  ...GpuReading
  version
  uuid
  index
  gpuType
  memoryMib
  simulated
  status
  statusReason
  health
  allocatedMilli
  host {
    ...HostCell
  }
  allocations {
    id
    milli
    job {
      id
      name
      organization {
        id
        slug
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<GpuDetailQuery, GpuDetailQueryVariables>;
export const HostDetailDocument = new TypedDocumentString(`
    query HostDetail($id: ID!) {
  host(id: $id) {
    ...HostFacts
  }
}
    fragment HostFacts on Host {
  id
  version
  name
  status
  statusReason
  cpus
  memoryMib
  agentVersion
  containment
  containerRuntime
  lastHeartbeatAt
  warnings
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
}`) as unknown as TypedDocumentString<HostDetailQuery, HostDetailQueryVariables>;
export const HostPageDocument = new TypedDocumentString(`
    query HostPage($after: String) {
  hosts(first: 100, after: $after) {
    nodes {
      ...HostFacts
      gpus {
        id
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment HostFacts on Host {
  id
  version
  name
  status
  statusReason
  cpus
  memoryMib
  agentVersion
  containment
  containerRuntime
  lastHeartbeatAt
  warnings
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
}`) as unknown as TypedDocumentString<HostPageQuery, HostPageQueryVariables>;
export const UpdateHostDocument = new TypedDocumentString(`
    mutation UpdateHost($input: UpdateHostInput!) {
  updateHost(input: $input) {
    host {
      ...HostFacts
    }
  }
}
    fragment HostFacts on Host {
  id
  version
  name
  status
  statusReason
  cpus
  memoryMib
  agentVersion
  containment
  containerRuntime
  lastHeartbeatAt
  warnings
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
}`) as unknown as TypedDocumentString<UpdateHostMutation, UpdateHostMutationVariables>;
export const RemoveHostDocument = new TypedDocumentString(`
    mutation RemoveHost($input: RemoveHostInput!) {
  removeHost(input: $input) {
    id
    name
  }
}
    `) as unknown as TypedDocumentString<RemoveHostMutation, RemoveHostMutationVariables>;
export const GpuUpdatesDocument = new TypedDocumentString(`
    subscription GpuUpdates($after: String) {
  gpuUpdates(after: $after) {
    cursor
    gpu {
      ...GpuCell
    }
  }
}
    fragment GpuReading on Gpu {
  id
  use
  telemetry {
    at
    utilizationPercent
    memoryUsedMib
    temperatureCelsius
    powerWatts
  }
  host {
    id
    status
    lastHeartbeatAt
  }
}
fragment HostCell on Host {
  id
  version
  name
  status
  statusReason
  lastHeartbeatAt
  organization {
    id
    slug
  }
}
fragment GpuCell on Gpu {
  ...GpuReading
  version
  uuid
  index
  gpuType
  memoryMib
  simulated
  status
  statusReason
  health
  allocatedMilli
  host {
    ...HostCell
  }
  allocations {
    id
    milli
    job {
      id
      name
      organization {
        id
        slug
        name
      }
    }
  }
}`) as unknown as TypedDocumentString<GpuUpdatesSubscription, GpuUpdatesSubscriptionVariables>;
export const GpuReadingsDocument = new TypedDocumentString(`
    subscription GpuReadings($ids: [ID!]!) {
  telemetryUpdates(gpuIds: $ids) {
    gpus {
      ...GpuReading
    }
  }
}
    fragment GpuReading on Gpu {
  id
  use
  telemetry {
    at
    utilizationPercent
    memoryUsedMib
    temperatureCelsius
    powerWatts
  }
  host {
    id
    status
    lastHeartbeatAt
  }
}`) as unknown as TypedDocumentString<GpuReadingsSubscription, GpuReadingsSubscriptionVariables>;
export const HostUpdatesDocument = new TypedDocumentString(`
    subscription HostUpdates($after: String) {
  hostUpdates(after: $after) {
    cursor
    host {
      ...HostCell
    }
  }
}
    fragment HostCell on Host {
  id
  version
  name
  status
  statusReason
  lastHeartbeatAt
  organization {
    id
    slug
  }
}`) as unknown as TypedDocumentString<HostUpdatesSubscription, HostUpdatesSubscriptionVariables>;
export const FleetUpdatesDocument = new TypedDocumentString(`
    subscription FleetUpdates {
  fleetUpdates {
    ...FleetTotals
  }
}
    fragment FleetTotals on FleetSummary {
  hosts
  hostsReady
  gpus
  gpusAvailable
  gpusAllocated
  gpusUnavailable
  utilizationPercent
  jobsQueued
  jobsRunning
}`) as unknown as TypedDocumentString<FleetUpdatesSubscription, FleetUpdatesSubscriptionVariables>;
export const JobPageDocument = new TypedDocumentString(`
    query JobPage($filter: JobFilter, $order: JobOrder, $first: Int!, $after: String) {
  jobs(filter: $filter, orderBy: $order, first: $first, after: $after) {
    nodes {
      ...JobRow
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<JobPageQuery, JobPageQueryVariables>;
export const JobCountsDocument = new TypedDocumentString(`
    query JobCounts($name: String, $model: String, $organization: ID, $labels: [LabelInput!], $by: String) {
  queued: jobs(
    filter: {status: [QUEUED], nameContains: $name, modelType: $model, organizationId: $organization, labels: $labels, submittedBy: $by}
    first: 1
  ) {
    totalCount
  }
  held: jobs(
    filter: {status: [HELD], nameContains: $name, modelType: $model, organizationId: $organization, labels: $labels, submittedBy: $by}
    first: 1
  ) {
    totalCount
  }
  allocated: jobs(
    filter: {status: [ALLOCATED], nameContains: $name, modelType: $model, organizationId: $organization, labels: $labels, submittedBy: $by}
    first: 1
  ) {
    totalCount
  }
  running: jobs(
    filter: {status: [RUNNING], nameContains: $name, modelType: $model, organizationId: $organization, labels: $labels, submittedBy: $by}
    first: 1
  ) {
    totalCount
  }
  stopping: jobs(
    filter: {status: [STOPPING], nameContains: $name, modelType: $model, organizationId: $organization, labels: $labels, submittedBy: $by}
    first: 1
  ) {
    totalCount
  }
  succeeded: jobs(
    filter: {status: [SUCCEEDED], nameContains: $name, modelType: $model, organizationId: $organization, labels: $labels, submittedBy: $by}
    first: 1
  ) {
    totalCount
  }
  failed: jobs(
    filter: {status: [FAILED], nameContains: $name, modelType: $model, organizationId: $organization, labels: $labels, submittedBy: $by}
    first: 1
  ) {
    totalCount
  }
  cancelled: jobs(
    filter: {status: [CANCELLED], nameContains: $name, modelType: $model, organizationId: $organization, labels: $labels, submittedBy: $by}
    first: 1
  ) {
    totalCount
  }
  timedOut: jobs(
    filter: {status: [TIMED_OUT], nameContains: $name, modelType: $model, organizationId: $organization, labels: $labels, submittedBy: $by}
    first: 1
  ) {
    totalCount
  }
}
    `) as unknown as TypedDocumentString<JobCountsQuery, JobCountsQueryVariables>;
export const JobDetailDocument = new TypedDocumentString(`
    query JobDetail($id: ID!) {
  job(id: $id) {
    ...JobRow
    workdir
    image
    envNames
    maxRetries
    retryPauseSeconds
    retryAt
    idleSince
    idleWarning {
      action
      actsAt
    }
    requirements {
      ...Wish
    }
    pending {
      suggestions {
        ...StartSuggestion
      }
      estimateQuality {
        jobs
        withinNinetyPercent
        medianMissSeconds
      }
    }
    retryOf {
      id
      name
    }
    allocations {
      id
      attempt
      allocatedAt
      releasedAt
      milli
      gpu {
        id
        index
        host {
          id
          name
        }
      }
    }
    dependsOn {
      id
      name
      status
    }
    events(first: 100) {
      nodes {
        cursor
        at
        status
        message
        actor
        attempt
      }
      pageInfo {
        hasNextPage
      }
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}
fragment Wish on GpuRequirements {
  count
  milli
  gpuTypes
  minMemoryGb
  singleHost
  cpus
  memoryGb
  labels {
    key
    value
  }
}
fragment StartSuggestion on Suggestion {
  code
  message
  requirements {
    ...Wish
  }
  timeLimitSeconds
}`) as unknown as TypedDocumentString<JobDetailQuery, JobDetailQueryVariables>;
export const CancelJobDocument = new TypedDocumentString(`
    mutation CancelJob($input: CancelJobInput!) {
  cancelJob(input: $input) {
    job {
      ...JobRow
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<CancelJobMutation, CancelJobMutationVariables>;
export const RetryJobDocument = new TypedDocumentString(`
    mutation RetryJob($input: RetryJobInput!) {
  retryJob(input: $input) {
    job {
      ...JobRow
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<RetryJobMutation, RetryJobMutationVariables>;
export const UpdateJobDocument = new TypedDocumentString(`
    mutation UpdateJob($input: UpdateJobInput!) {
  updateJob(input: $input) {
    job {
      ...JobRow
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<UpdateJobMutation, UpdateJobMutationVariables>;
export const ReleaseJobDocument = new TypedDocumentString(`
    mutation ReleaseJob($input: ReleaseJobInput!) {
  releaseJob(input: $input) {
    job {
      ...JobRow
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<ReleaseJobMutation, ReleaseJobMutationVariables>;
export const JobUpdatesDocument = new TypedDocumentString(`
    subscription JobUpdates($after: String) {
  jobUpdates(after: $after) {
    cursor
    kind
    job {
      ...JobRow
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<JobUpdatesSubscription, JobUpdatesSubscriptionVariables>;
export const JobLogsDocument = new TypedDocumentString(`
    subscription JobLogs($jobId: ID!, $after: String, $attempt: Int) {
  jobLogs(jobId: $jobId, after: $after, attempt: $attempt) {
    cursor
    at
    stream
    text
  }
}
    `) as unknown as TypedDocumentString<JobLogsSubscription, JobLogsSubscriptionVariables>;
export const JobsByIdsDocument = new TypedDocumentString(`
    query JobsByIds($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Job {
      ...JobRow
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<JobsByIdsQuery, JobsByIdsQueryVariables>;
export const CancelJobsDocument = new TypedDocumentString(`
    mutation CancelJobs($input: CancelJobsInput!) {
  cancelJobs(input: $input) {
    ...ChangedJobs
  }
}
    fragment ChangedJobs on ChangedJobsPayload {
  jobs {
    id
  }
  refused
  firstRefusal
  hasMore
}`) as unknown as TypedDocumentString<CancelJobsMutation, CancelJobsMutationVariables>;
export const RetryJobsDocument = new TypedDocumentString(`
    mutation RetryJobs($input: RetryJobsInput!) {
  retryJobs(input: $input) {
    ...ChangedJobs
  }
}
    fragment ChangedJobs on ChangedJobsPayload {
  jobs {
    id
  }
  refused
  firstRefusal
  hasMore
}`) as unknown as TypedDocumentString<RetryJobsMutation, RetryJobsMutationVariables>;
export const LogPageDocument = new TypedDocumentString(`
    query LogPage($id: ID!, $first: Int!, $after: String, $attempt: Int, $contains: String) {
  job(id: $id) {
    log(first: $first, after: $after, attempt: $attempt, contains: $contains) {
      nodes {
        cursor
        at
        stream
        text
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
    `) as unknown as TypedDocumentString<LogPageQuery, LogPageQueryVariables>;
export const EventCursorDocument = new TypedDocumentString(`
    query EventCursor {
  eventCursor
}
    `) as unknown as TypedDocumentString<EventCursorQuery, EventCursorQueryVariables>;
export const OwnOrganizationDocument = new TypedDocumentString(`
    query OwnOrganization {
  organization {
    ...OrganizationRow
  }
}
    fragment OrganizationRow on Organization {
  id
  version
  slug
  name
  weight
  createdAt
  quota {
    guaranteedGpus
    maxGpus
    maxQueuedJobs
  }
  idlePolicy {
    action
    windowMinutes
    graceMinutes
    utilizationPercent
  }
  usage {
    allocatedGpus
    runningJobs
    queuedJobs
  }
}`) as unknown as TypedDocumentString<OwnOrganizationQuery, OwnOrganizationQueryVariables>;
export const OrganizationPageDocument = new TypedDocumentString(`
    query OrganizationPage($after: String) {
  organizations(first: 100, after: $after) {
    nodes {
      ...OrganizationRow
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment OrganizationRow on Organization {
  id
  version
  slug
  name
  weight
  createdAt
  quota {
    guaranteedGpus
    maxGpus
    maxQueuedJobs
  }
  idlePolicy {
    action
    windowMinutes
    graceMinutes
    utilizationPercent
  }
  usage {
    allocatedGpus
    runningJobs
    queuedJobs
  }
}`) as unknown as TypedDocumentString<OrganizationPageQuery, OrganizationPageQueryVariables>;
export const CreateOrganizationDocument = new TypedDocumentString(`
    mutation CreateOrganization($input: CreateOrganizationInput!) {
  createOrganization(input: $input) {
    organization {
      ...OrganizationRow
    }
  }
}
    fragment OrganizationRow on Organization {
  id
  version
  slug
  name
  weight
  createdAt
  quota {
    guaranteedGpus
    maxGpus
    maxQueuedJobs
  }
  idlePolicy {
    action
    windowMinutes
    graceMinutes
    utilizationPercent
  }
  usage {
    allocatedGpus
    runningJobs
    queuedJobs
  }
}`) as unknown as TypedDocumentString<CreateOrganizationMutation, CreateOrganizationMutationVariables>;
export const UpdateOrganizationDocument = new TypedDocumentString(`
    mutation UpdateOrganization($input: UpdateOrganizationInput!) {
  updateOrganization(input: $input) {
    organization {
      ...OrganizationRow
    }
  }
}
    fragment OrganizationRow on Organization {
  id
  version
  slug
  name
  weight
  createdAt
  quota {
    guaranteedGpus
    maxGpus
    maxQueuedJobs
  }
  idlePolicy {
    action
    windowMinutes
    graceMinutes
    utilizationPercent
  }
  usage {
    allocatedGpus
    runningJobs
    queuedJobs
  }
}`) as unknown as TypedDocumentString<UpdateOrganizationMutation, UpdateOrganizationMutationVariables>;
export const OrganizationBySlugDocument = new TypedDocumentString(`
    query OrganizationBySlug($slug: String!) {
  organization(slug: $slug) {
    ...OrganizationRow
  }
}
    fragment OrganizationRow on Organization {
  id
  version
  slug
  name
  weight
  createdAt
  quota {
    guaranteedGpus
    maxGpus
    maxQueuedJobs
  }
  idlePolicy {
    action
    windowMinutes
    graceMinutes
    utilizationPercent
  }
  usage {
    allocatedGpus
    runningJobs
    queuedJobs
  }
}`) as unknown as TypedDocumentString<OrganizationBySlugQuery, OrganizationBySlugQueryVariables>;
export const OrganizationUpdatesDocument = new TypedDocumentString(`
    subscription OrganizationUpdates($after: String) {
  organizationUpdates(after: $after) {
    cursor
    organization {
      ...OrganizationRow
    }
  }
}
    fragment OrganizationRow on Organization {
  id
  version
  slug
  name
  weight
  createdAt
  quota {
    guaranteedGpus
    maxGpus
    maxQueuedJobs
  }
  idlePolicy {
    action
    windowMinutes
    graceMinutes
    utilizationPercent
  }
  usage {
    allocatedGpus
    runningJobs
    queuedJobs
  }
}`) as unknown as TypedDocumentString<OrganizationUpdatesSubscription, OrganizationUpdatesSubscriptionVariables>;
export const FindJobsDocument = new TypedDocumentString(`
    query FindJobs($name: String!) {
  jobs(filter: {nameContains: $name}, first: 6) {
    nodes {
      ...FoundJob
    }
  }
}
    fragment FoundJob on Job {
  id
  name
  status
  organization {
    slug
  }
}`) as unknown as TypedDocumentString<FindJobsQuery, FindJobsQueryVariables>;
export const FindByIdDocument = new TypedDocumentString(`
    query FindById($id: ID!) {
  node(id: $id) {
    ... on Job {
      ...FoundJob
    }
  }
}
    fragment FoundJob on Job {
  id
  name
  status
  organization {
    slug
  }
}`) as unknown as TypedDocumentString<FindByIdQuery, FindByIdQueryVariables>;
export const SubmitJobDocument = new TypedDocumentString(`
    mutation SubmitJob($input: SubmitJobInput!) {
  submitJob(input: $input) {
    job {
      ...JobRow
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<SubmitJobMutation, SubmitJobMutationVariables>;
export const SubmitJobsDocument = new TypedDocumentString(`
    mutation SubmitJobs($input: SubmitJobsInput!) {
  submitJobs(input: $input) {
    jobs {
      ...JobRow
    }
  }
}
    fragment JobRow on Job {
  id
  version
  name
  modelType
  status
  statusReason
  priority
  attempt
  exitCode
  command
  timeLimitSeconds
  submittedBy
  submittedAt
  allocatedAt
  startedAt
  finishedAt
  updatedAt
  labels {
    key
    value
  }
  organization {
    id
    slug
    name
  }
  requirements {
    count
    milli
    gpuTypes
    minMemoryGb
  }
  pending {
    position
    estimatedStartAt
    medianStartAt
    ninetyPercentStartAt
    blockers {
      code
      message
    }
  }
  gpus {
    id
    index
    gpuType
    host {
      id
      name
    }
  }
}`) as unknown as TypedDocumentString<SubmitJobsMutation, SubmitJobsMutationVariables>;
export const PreviewJobDocument = new TypedDocumentString(`
    query PreviewJob($input: SubmitJobInput!) {
  previewJob(input: $input) {
    startsNow
    hosts
    pending {
      position
      estimatedStartAt
      medianStartAt
      ninetyPercentStartAt
      blockers {
        code
        message
      }
      suggestions {
        ...StartSuggestion
      }
    }
  }
}
    fragment Wish on GpuRequirements {
  count
  milli
  gpuTypes
  minMemoryGb
  singleHost
  cpus
  memoryGb
  labels {
    key
    value
  }
}
fragment StartSuggestion on Suggestion {
  code
  message
  requirements {
    ...Wish
  }
  timeLimitSeconds
}`) as unknown as TypedDocumentString<PreviewJobQuery, PreviewJobQueryVariables>;
export const UsageDocument = new TypedDocumentString(`
    query Usage($by: [UsageDimension!]!, $since: DateTime!) {
  groups: usageBreakdown(by: $by, since: $since) {
    since
    until
    rows(first: 100) {
      ...UsageNumbers
      jobs
      user
      modelType
      gpuType
      organization {
        slug
        name
      }
    }
    total {
      allocatedGpuSeconds
      observedGpuSeconds
      usedGpuSeconds
    }
  }
  days: usageBreakdown(by: [DAY], since: $since) {
    rows {
      ...UsageNumbers
      day
    }
  }
}
    fragment UsageNumbers on UsageRow {
  allocatedGpuSeconds
  observedGpuSeconds
  usedGpuSeconds
}`) as unknown as TypedDocumentString<UsageQuery, UsageQueryVariables>;
export const UsageFileDocument = new TypedDocumentString(`
    query UsageFile($by: [UsageDimension!]!, $since: DateTime!) {
  usageBreakdown(by: $by, since: $since) {
    rows {
      ...UsageNumbers
      jobs
      day
      user
      modelType
      gpuType
      organization {
        slug
        name
      }
    }
  }
}
    fragment UsageNumbers on UsageRow {
  allocatedGpuSeconds
  observedGpuSeconds
  usedGpuSeconds
}`) as unknown as TypedDocumentString<UsageFileQuery, UsageFileQueryVariables>;