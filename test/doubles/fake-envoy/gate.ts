/** A source that is paused as long as anybody asks for it. */
export interface Gate {
  hold(reason: string): void;
  release(reason: string): void;
}

export function createGate(source: () => { pause(): unknown; resume(): unknown } | undefined): Gate {
  const reasons = new Set<string>();
  return {
    hold(reason) {
      if (reasons.size === 0) source()?.pause();
      reasons.add(reason);
    },
    release(reason) {
      if (reasons.delete(reason) && reasons.size === 0) source()?.resume();
    },
  };
}
