/** Tells whoever moves the bytes to stop: through a callback, or through a signal that is only made when asked for. */
export class StopSwitch {
  #reason: unknown;
  #stopped = false;
  #callback: ((reason: unknown) => void) | undefined;
  #controller: AbortController | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#stopped) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  onStop(callback: (reason: unknown) => void): void {
    this.#callback = callback;
    if (this.#stopped) callback(this.#reason);
  }

  stop(reason: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#reason = reason;
    this.#callback?.(reason);
    this.#controller?.abort(reason);
  }
}
