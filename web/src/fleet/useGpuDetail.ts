// What is known of a GPU beyond its cell: asked for again whenever the GPU itself changed.
import { useCallback, useEffect, useState } from "react";
import { type ApiError, asApiError } from "../api/errors";
import { useWorkspace } from "../app/LiveContext";
import { GpuDetailDocument, type GpuDetailQuery } from "../generated/graphql";

export type GpuDetail = NonNullable<GpuDetailQuery["gpu"]>;

export function useGpuDetail(id: string, version: number | undefined) {
  const { api } = useWorkspace();
  const [detail, setDetail] = useState<GpuDetail>();
  const [error, setError] = useState<ApiError>();
  const load = useCallback(async () => {
    try {
      const { gpu } = await api.query(GpuDetailDocument, { id });
      setDetail(gpu ?? undefined);
      setError(undefined);
    } catch (failure) {
      setError(asApiError(failure));
    }
  }, [api, id]);
  useEffect(() => void load(), [load, version]);
  return { detail, error };
}
