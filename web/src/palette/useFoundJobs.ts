// Jobs that the server finds by name or id; those that are known here need no asking.
import { useEffect, useState } from "react";
import type { Api } from "../api/client";
import { useWorkspace } from "../app/LiveContext";
import { FindByIdDocument, FindJobsDocument, type FoundJobFragment } from "../generated/graphql";

const SETTLES_MS = 150;
const LEAST_CHARACTERS = 2;

export interface Found {
  readonly jobs: readonly FoundJobFragment[];
  /** The server has not answered yet. */
  readonly asking: boolean;
}

export function useFoundJobs(text: string): Found {
  const { api } = useWorkspace();
  const wanted = text.trim();
  const [answer, setAnswer] = useState<{ readonly text: string; readonly jobs: readonly FoundJobFragment[] }>();
  useEffect(() => {
    if (wanted.length < LEAST_CHARACTERS) return undefined;
    let current = true;
    const timer = setTimeout(() => {
      // What cannot be asked for is not found; what is known here is found all the same.
      find(api, wanted)
        .catch(() => [])
        .then((jobs) => current && setAnswer({ text: wanted, jobs }));
    }, SETTLES_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [api, wanted]);
  if (wanted.length < LEAST_CHARACTERS) return { jobs: [], asking: false };
  return { jobs: answer?.jobs ?? [], asking: answer?.text !== wanted };
}

async function find(api: Api, text: string): Promise<readonly FoundJobFragment[]> {
  if (!/^job_\w+$/.test(text)) return (await api.query(FindJobsDocument, { name: text })).jobs.nodes;
  const { node } = await api.query(FindByIdDocument, { id: text });
  return isJob(node) ? [node] : [];
}

function isJob(node: object | null): node is FoundJobFragment {
  return node !== null && "status" in node;
}
