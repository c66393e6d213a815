export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Something that happens when it is told to; each wait is for the next time. */
export function gate(): { opened(): Promise<void>; open(): void } {
  let open = (): void => {};
  return {
    opened: () =>
      new Promise((resolve) => {
        open = resolve;
      }),
    open: () => open(),
  };
}

/** Waits for what happens in its own time, at most five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!condition()) throw new Error("it never came to that");
}
