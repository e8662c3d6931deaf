// A valid job for tests; each test names only what it is about.
import type { Job } from "../live/jobStore";
import type { Detail } from "./useJobDetail";

export function aJob(fields: Partial<Job> = {}): Job {
  return {
    id: "job-1",
    version: 1,
    name: "train",
    modelType: null,
    status: "QUEUED",
    statusReason: null,
    priority: 0,
    attempt: 1,
    exitCode: null,
    command: ["python", "train.py"],
    timeLimitSeconds: null,
    submittedBy: "ada",
    submittedAt: "2030-01-01T12:00:00Z",
    allocatedAt: null,
    startedAt: null,
    finishedAt: null,
    updatedAt: "2030-01-01T12:00:00Z",
    labels: [],
    organization: { id: "org-1", slug: "vision", name: "Vision" },
    requirements: { count: 1, milli: 1000, gpuTypes: [], minMemoryGb: null },
    pending: null,
    gpus: [],
    ...fields,
  };
}

/** The whole of a job, as its page has it. */
export function aDetail(fields: Partial<Detail> = {}): Detail {
  return {
    ...aJob(),
    pending: null,
    requirements: { count: 1, milli: 1000, gpuTypes: [], minMemoryGb: null, singleHost: true, cpus: null, memoryGb: null, labels: [] },
    workdir: null,
    image: null,
    envNames: [],
    maxRetries: 0,
    retryPauseSeconds: 10,
    retryAt: null,
    idleSince: null,
    idleWarning: null,
    retryOf: null,
    allocations: [],
    dependsOn: [],
    events: { nodes: [], pageInfo: { hasNextPage: false } },
    ...fields,
  };
}
