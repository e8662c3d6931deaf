// A state as glyph and word. The glyph carries the hue, the word the text's own colour.
import type { Family, Presentation, Shape } from "./presentation";
import styles from "./StatusMark.module.css";

export function StatusMark({ presentation, status }: { readonly presentation: Presentation; readonly status: string }) {
  return (
    <span className={styles.mark} data-status={status}>
      <Glyph family={presentation.family} shape={presentation.shape} />
      <span>{presentation.word}</span>
    </span>
  );
}

export function Glyph({ family, shape }: { readonly family: Family; readonly shape: Shape }) {
  return (
    <svg className={styles.glyph} data-family={family} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[shape]}
    </svg>
  );
}

const SHAPES: Readonly<Record<Shape, React.ReactNode>> = {
  triangle: <path d="M4 2.5v11l9.5-5.5z" fill="currentColor" />,
  ring: <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" strokeWidth="2.5" strokeDasharray="26 9" />,
  clock: (
    <g fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round">
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.6V8l2.4 1.6" />
    </g>
  ),
  pause: <path d="M4 3h3v10H4zM9 3h3v10H9z" fill="currentColor" />,
  thickRing: <circle cx="8" cy="8" r="5" fill="none" stroke="currentColor" strokeWidth="3.6" />,
  diagonal: (
    <g fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round">
      <rect x="2.5" y="2.5" width="11" height="11" rx="2" />
      <path d="M5 11l6-6" />
    </g>
  ),
  tick: <path d="M3 8.6l3.4 3.4L13 4.8" fill="none" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" strokeLinejoin="round" />,
  cross: <path d="M4 4l8 8M12 4l-8 8" fill="none" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" />,
  arrows: <path d="M2.5 6h10l-3-3M13.5 10h-10l3 3" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />,
  thinRing: <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" strokeWidth="1.4" />,
  dashedRing: <circle cx="8" cy="8" r="5.6" fill="none" stroke="currentColor" strokeWidth="1.6" strokeDasharray="2.6 2.2" />,
};
