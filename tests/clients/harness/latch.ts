// Waiting for what another part of a test brings about.
export class Latch<Value = void> {
  readonly opened: Promise<Value>;
  #resolve!: (value: Value) => void;

  constructor() {
    this.opened = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  open = (value: Value): void => this.#resolve(value);
}
