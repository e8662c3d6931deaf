/** What an agent is to do with an attempt. */
export type AssignmentAction =
  /** No longer this host's: kill it at once, report nothing. */
  | 'FORGET'
  /** Start it, unless this attempt was started before. */
  | 'RUN'
  /** SIGTERM, grace, SIGKILL to the whole tree; then report EXITED. */
  | 'STOP';

/** What became of an attempt on a host. */
export type AttemptState =
  /** Its processes are gone, all of them; the rest of its log may still follow. */
  | 'EXITED'
  /** Something happened to it that people should know: reason says what. It becomes a note in the job's history. */
  | 'NOTED'
  /** Its process was started. */
  | 'STARTED';

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

/** What happened to an object. */
export type ChangeKind =
  /** It was made. */
  | 'CREATED'
  /** It was changed. */
  | 'UPDATED';

/** Whose doing an attempt's end was. */
export type EndCause =
  /** The command ended, by itself or because it was stopped. */
  | 'COMMAND'
  /** The registry of its image has answered that there is no such image: it has failed, whatever retries are left. */
  | 'IMAGE_REFUSED'
  /** The host lost it, so that it may have run: it is tried again if the job has retries, and none is used up. */
  | 'LOST'
  /** The host could not start it, and its command certainly never ran: it is tried again, and no retry is used up. */
  | 'NEVER_STARTED';

/**
 * What `extensions.code` of an error can be. CONFLICT carries `currentVersion` where a version was expected,
 * BAD_USER_INPUT carries `field`, the path in the input, and INTERNAL_SERVER_ERROR carries `requestId`. Another
 * organization's object is NOT_FOUND, never FORBIDDEN.
 */
export type ErrorCode =
  /** A value breaks a rule. */
  | 'BAD_USER_INPUT'
  /** Another change came first, or the object's state forbids this one. */
  | 'CONFLICT'
  /** The events after this cursor are no longer kept. */
  | 'CURSOR_EXPIRED'
  /** The caller's role does not allow it. */
  | 'FORBIDDEN'
  /** The document is not GraphQL. */
  | 'GRAPHQL_PARSE_FAILED'
  /** The document does not fit the schema. */
  | 'GRAPHQL_VALIDATION_FAILED'
  /** A fault of the server. */
  | 'INTERNAL_SERVER_ERROR'
  /** No such object, or none that the caller may know of. */
  | 'NOT_FOUND'
  /** The document costs more than one may. */
  | 'QUERY_TOO_COMPLEX'
  /** An organization's ceiling. */
  | 'QUOTA_EXCEEDED'
  /** Too much in too short a time. */
  | 'RATE_LIMITED'
  /** No token, or one that does not hold. */
  | 'UNAUTHENTICATED'
  /** Not now; the same request may succeed later. */
  | 'UNAVAILABLE';

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
