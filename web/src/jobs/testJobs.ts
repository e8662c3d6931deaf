// A valid job for tests; each test names only what it is about.
import type { Job } from "../live/jobStore";

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
