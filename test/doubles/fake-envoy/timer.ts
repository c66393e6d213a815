/** One timer that is armed again and again; of 0 milliseconds it never fires. */
export interface Timer {
  start(): void;
  /** Another time for what is awaited now, once; `false`: nothing is, or it was extended before. */
  extend(milliseconds: number): boolean;
  stop(): void;
  readonly running: boolean;
}

export function createTimer(usual: number, fire: () => void): Timer {
  let handle: NodeJS.Timeout | undefined;
  let extended = false;
  const stop = (): void => {
    clearTimeout(handle);
    handle = undefined;
    extended = false;
  };
  const arm = (milliseconds: number): void => {
    handle = setTimeout(() => {
      handle = undefined;
      fire();
    }, milliseconds);
    handle.unref();
  };
  return {
    start() {
      stop();
      if (usual > 0) arm(usual);
    },
    extend(milliseconds) {
      if (!handle || extended) return false;
      clearTimeout(handle);
      arm(milliseconds);
      extended = true;
      return true;
    },
    stop,
    get running() {
      return handle !== undefined;
    },
  };
}
