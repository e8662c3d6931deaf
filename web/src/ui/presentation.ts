// How a state looks: a family, which gives the hue, and a shape, so that no state is told by colour alone.

export type Family = "run" | "wait" | "good" | "bad" | "move" | "idle";

export type Shape =
  | "triangle"
  | "ring"
  | "clock"
  | "pause"
  | "thickRing"
  | "diagonal"
  | "tick"
  | "cross"
  | "arrows"
  | "thinRing"
  | "dashedRing";

export interface Presentation {
  readonly family: Family;
  readonly shape: Shape;
  readonly word: string;
}
