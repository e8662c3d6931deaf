// Objects by id, each with the version the server gave it. A component subscribes to one id, so one change renders one row.

export interface Versioned {
  readonly id: string;
  readonly version: number;
}

type Listener = () => void;

export class EntityMap<T extends Versioned> {
  readonly #entities = new Map<string, T>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #listListeners = new Set<Listener>();
  #revision = 0;

  /** Grows with every accepted change: what is derived from several entities is computed once per revision. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#entities.size;
  }

  get(id: string): T | undefined {
    return this.#entities.get(id);
  }

  values(): T[] {
    return [...this.#entities.values()];
  }

  /**
   * Takes the entity unless a newer one is known. An equal version is taken: what an entity refers to may have moved
   * on without a change of its own.
   */
  put(entity: T): boolean {
    return this.putAll([entity]) === 1;
  }

  /** Takes many at once and tells the list's listeners once. Answers how many were taken. */
  putAll(entities: Iterable<T>): number {
    const taken: string[] = [];
    for (const entity of entities) {
      const known = this.#entities.get(entity.id);
      if (known !== undefined && known.version > entity.version) continue;
      // Deleted first, so that what was taken last also stands last.
      this.#entities.delete(entity.id);
      this.#entities.set(entity.id, entity);
      taken.push(entity.id);
    }
    this.#tell(taken);
    return taken.length;
  }

  /** A full snapshot: what it does not contain is gone. Newer versions that arrived meanwhile stay. */
  replaceAll(entities: readonly T[]): void {
    const present = new Set(entities.map((entity) => entity.id));
    const gone = [...this.#entities.keys()].filter((id) => !present.has(id));
    for (const id of gone) this.#entities.delete(id);
    this.putAll(entities);
    this.#tell(gone);
  }

  /** Forgets those that came or changed longest ago, down to so many; what somebody looks at stays. */
  trim(most: number): void {
    if (this.#entities.size <= most) return;
    for (const id of [...this.#entities.keys()]) {
      if (this.#entities.size <= most) return;
      if (!this.#listeners.has(id)) this.#entities.delete(id);
    }
  }

  removeAll(ids: readonly string[]): void {
    for (const id of ids) this.#entities.delete(id);
    this.#tell(ids);
  }

  subscribe(id: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id);
    };
  }

  subscribeList(listener: Listener): () => void {
    this.#listListeners.add(listener);
    return () => this.#listListeners.delete(listener);
  }

  #tell(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#revision += 1;
    for (const id of ids) this.#listeners.get(id)?.forEach((listener) => listener());
    this.#listListeners.forEach((listener) => listener());
  }
}
