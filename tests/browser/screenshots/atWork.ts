// Jobs for a fleet of eight H100 and four A100: some run, some wait, some have ended.
import type { Api, JobWish } from "../harness/api.ts";

/** What a training run looks like, as a line for a shell. */
export const LONG = 'for n in $(seq 1 600); do echo "step $n loss 0.$((900 - n))"; sleep 1; done';

const RUNNING: readonly JobWish[] = [
  { name: "train-llama-3-8b", gpus: 4, modelType: "llama-3-8b", gpuTypes: ["H100"], line: LONG, priority: 10 },
  { name: "finetune-mistral", gpus: 2, modelType: "mistral-7b", gpuTypes: ["H100"], line: LONG },
  { name: "embed-catalogue", gpus: 1, modelType: "bge-m3", gpuTypes: ["A100"], line: LONG },
  { name: "notebook-ada", gpus: 1, gpuTypes: ["A100"] },
];
const ENDED: readonly (readonly [wish: JobWish, status: string])[] = [
  [{ name: "eval-mmlu", gpus: 1, modelType: "llama-3-8b", line: "echo accuracy 0.67" }, "SUCCEEDED"],
  [{ name: "convert-checkpoint", gpus: 1, modelType: "mistral-7b", line: "echo no such file >&2; exit 3" }, "FAILED"],
];
const WAITING: readonly JobWish[] = [
  { name: "pretrain-70b", gpus: 8, modelType: "llama-3-70b", gpuTypes: ["H100"], line: LONG, priority: 5 },
  { name: "sweep-lora-rank", gpus: 4, modelType: "llama-3-8b", gpuTypes: ["A100"], line: LONG },
];

/** Answers those that run or wait. */
export async function atWork(api: Api): Promise<string[]> {
  for (const [wish, status] of ENDED) await api.reaches(await api.submit(wish), status);
  const active: string[] = [];
  for (const wish of RUNNING) {
    const id = await api.submit(wish);
    await api.reaches(id, "RUNNING");
    active.push(id);
  }
  for (const wish of WAITING) active.push(await api.submit(wish));
  return active;
}

export async function endAll(api: Api, jobs: readonly string[]): Promise<void> {
  await Promise.all(jobs.map((id) => api.cancel(id)));
  await Promise.all(jobs.map((id) => api.reaches(id, "CANCELLED")));
}
