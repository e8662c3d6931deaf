// The API as another client uses it, beside the browser: to make the world that a test looks at.
import { expect } from "@playwright/test";
import type { FleetServer } from "../../harness/server.ts";

export interface JobWish {
  readonly name: string;
  readonly gpus: number;
  /** A line for /bin/sh; without one the job is a loan. */
  readonly line?: string;
  readonly modelType?: string;
  readonly gpuTypes?: readonly string[];
  readonly minMemoryGb?: number;
  readonly priority?: number;
  readonly labels?: readonly { readonly key: string; readonly value: string }[];
  readonly hold?: boolean;
}

type Variables = Readonly<Record<string, unknown>>;

export class Api {
  readonly #server: FleetServer;
  readonly #token: string;

  /** Without a token of its own: as the server's operator. */
  constructor(server: FleetServer, token = server.token) {
    this.#server = server;
    this.#token = token;
  }

  /** Submits a job and answers its id. */
  async submit(wish: JobWish): Promise<string> {
    const answer = await this.ask<{ submitJob: { job: { id: string } } }>(
      "mutation Submit($input: SubmitJobInput!) { submitJob(input: $input) { job { id } } }",
      { input: inputOf(wish) },
    );
    return answer.submitJob.job.id;
  }

  /** Submits several at once, all or none. */
  async submitAll(wishes: readonly JobWish[]): Promise<void> {
    await this.ask("mutation SubmitAll($input: SubmitJobsInput!) { submitJobs(input: $input) { jobs { id } } }", {
      input: { jobs: wishes.map(inputOf) },
    });
  }

  /** A secret with which somebody of this role signs in. */
  async key(role: "VIEWER" | "MEMBER" | "ADMIN", name = `a ${role.toLowerCase()}`): Promise<string> {
    const { createApiKey } = await this.ask<{ createApiKey: { secret: string } }>(
      "mutation Key($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }",
      { input: { name, role } },
    );
    return createApiKey.secret;
  }

  async release(jobId: string): Promise<void> {
    await this.ask("mutation Release($input: ReleaseJobInput!) { releaseJob(input: $input) { job { id } } }", { input: { jobId } });
  }

  async cancel(id: string): Promise<void> {
    await this.ask("mutation Cancel($input: CancelJobInput!) { cancelJob(input: $input) { job { id } } }", { input: { id } });
  }

  async status(id: string): Promise<string | undefined> {
    const answer = await this.ask<{ job: { status: string } | null }>("query Status($id: ID!) { job(id: $id) { status } }", { id });
    return answer.job?.status;
  }

  async reaches(id: string, status: string): Promise<void> {
    await expect.poll(() => this.status(id), { message: `job ${id} becomes ${status}` }).toBe(status);
  }

  async ask<Data>(query: string, variables: Variables = {}): Promise<Data> {
    const response = await fetch(`${this.#server.origin}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown };
    if (errors !== undefined || data === undefined) throw new Error(`the API refused: ${JSON.stringify(errors)}`);
    return data;
  }
}

function inputOf({ name, gpus, line, modelType, gpuTypes, minMemoryGb, priority, labels, hold }: JobWish): Variables {
  return {
    name,
    modelType,
    priority,
    labels,
    hold,
    command: line === undefined ? undefined : ["/bin/sh", "-c", line],
    requirements: { count: gpus, gpuTypes, minMemoryGb },
  };
}
