// Readings come with a GPU's events only when the GPU itself changed; in between, this page asks for them, as long as
// somebody looks.
import { useEffect } from "react";
import { useWorkspace } from "../app/LiveContext";

const EVERY_MS = 5000;

export function useReadings(): void {
  const { fleet, socket } = useWorkspace();
  useEffect(() => {
    let asking = false;
    const ask = async (): Promise<void> => {
      if (asking || document.visibilityState === "hidden" || socket.connection.get().phase !== "live") return;
      asking = true;
      // A failure needs no words of its own: the reading grows old, and the connection's state is shown.
      await fleet.refreshReadings().catch(() => undefined);
      asking = false;
    };
    const timer = setInterval(() => void ask(), EVERY_MS);
    return () => clearInterval(timer);
  }, [fleet, socket]);
}
