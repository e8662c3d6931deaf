// Live updates can be paused: what comes meanwhile waits where it always waits for its frame, and is shown at once when they
// go on. Nothing is lost and nothing is asked for again.
import { Cell } from "./cell";
import { browserScheduler, type Scheduler } from "./frameQueue";

class Pause {
  readonly on = new Cell(false);
  /** When it began, for who looks at what is not the present. */
  since: number | undefined;

  toggle = (): void => {
    const paused = !this.on.get();
    this.since = paused ? Date.now() : undefined;
    this.on.set(paused);
  };
}

export const pause = new Pause();

/** The same scheduler, which runs nothing while updates are paused. */
export function pausable(scheduler: Scheduler, paused: Cell<boolean>): Scheduler {
  const waiting: (() => void)[] = [];
  paused.subscribe(() => {
    if (!paused.get()) waiting.splice(0).forEach((run) => scheduler.schedule(run));
  });
  return {
    now: () => scheduler.now(),
    schedule: (run) => {
      if (paused.get()) waiting.push(run);
      else scheduler.schedule(run);
    },
  };
}

/** Of everything on the page that changes by itself. */
export const pageScheduler = pausable(browserScheduler, pause.on);
