/**
 * Whether the server can be reached, as far as is known. After a lost request it is looked for; while it
 * is away, again and again, at growing distances.
 */
export interface ConnectionOptions {
  probe: () => Promise<boolean>;
  /** Milliseconds between looks; the last one is repeated. */
  looks: readonly number[];
  /** The server is not there. Runs after every look that finds nothing. */
  onAway: () => void;
  /**
   * The server is there. `wasAway` false: it was there all the time, and what was lost was lost for another
   * reason.
   */
  onBack: (wasAway: boolean) => void;
}

export class Connection {
  readonly #options: ConnectionOptions;
  #isDoubtful = false;
  #wasAway = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Which look is the current one: what an earlier one finds is of no interest. */
  #turn = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Nothing should be sent now. */
  get isDoubtful(): boolean {
    return this.#isDoubtful;
  }

  /** Something was lost, or the browser says that it is offline. */
  doubt(): void {
    if (this.#isDoubtful) return;
    this.#isDoubtful = true;
    this.#wasAway = false;
    void this.#look(0);
  }

  /** Looks at once instead of later. */
  hurry(): void {
    if (this.#isDoubtful) void this.#look(0);
  }

  /** An answer came, whatever it says. */
  prove(): void {
    if (!this.#isDoubtful) return;
    this.rest();
    this.#options.onBack(this.#wasAway);
  }

  /** Looks no more. */
  rest(): void {
    this.#isDoubtful = false;
    this.#turn += 1;
    clearTimeout(this.#timer);
  }

  async #look(round: number): Promise<void> {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    const isThere = await this.#options.probe();
    if (turn !== this.#turn) return;
    if (isThere) {
      this.prove();
      return;
    }
    this.#wasAway = true;
    const { looks } = this.#options;
    const pause = looks[Math.min(round, looks.length - 1)] ?? 0;
    this.#timer = setTimeout(() => void this.#look(round + 1), spread(pause));
    this.#options.onAway();
  }
}

/** Many that were lost together must not come back together. */
export function spread(milliseconds: number): number {
  return milliseconds * (0.75 + Math.random() / 2);
}
