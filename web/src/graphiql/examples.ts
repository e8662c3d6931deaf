// The tabs that GraphiQL opens with: one operation for each thing that the API is mostly used for.
export interface Example {
  query: string;
  variables?: string;
}

const FLEET = `query Fleet {
  fleet {
    hosts
    gpus
    gpusAvailable
    gpusAllocated
    jobsQueued
    jobsRunning
  }
  gpus(first: 20) {
    totalCount
    nodes {
      id
      index
      gpuType
      status
      statusReason
      use
      host {
        name
        status
      }
    }
  }
}
`;

const WAITING_JOBS = `query WaitingJobs {
  jobs(filter: { status: [QUEUED] }, first: 20) {
    totalCount
    nodes {
      id
      name
      priority
      submittedAt
      pending {
        position
        estimatedStartAt
        blockers {
          code
          message
        }
      }
    }
  }
}
`;

const SUBMIT_JOB = `mutation SubmitJob($input: SubmitJobInput!) {
  submitJob(input: $input) {
    job {
      id
      version
      status
      pending {
        blockers {
          message
        }
      }
    }
  }
}
`;

/** Does well on simulated GPUs too. */
const SUBMIT_JOB_VARIABLES = {
  input: {
    name: "show-gpus",
    command: ["sh", "-c", "echo GPUs: $CUDA_VISIBLE_DEVICES"],
    requirements: { count: 1 },
    timeLimitSeconds: 600,
  },
};

const JOB_UPDATES = `subscription JobUpdates {
  jobUpdates {
    cursor
    kind
    job {
      id
      name
      status
      statusReason
    }
  }
}
`;

export const EXAMPLES: Example[] = [
  { query: FLEET },
  { query: WAITING_JOBS },
  { query: SUBMIT_JOB, variables: JSON.stringify(SUBMIT_JOB_VARIABLES, null, 2) },
  { query: JOB_UPDATES },
];
