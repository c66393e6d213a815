import { randomBytes } from "node:crypto";

/** Drawn once per process: what is stored under it means nothing to another process. */
const key = new Int32Array(new Uint8Array(randomBytes(12)).buffer);
/** Where cheap hashes begin that only have to differ from process to process. */
export const seed = key[2] as number;

/** HalfSipHash-2-4 with a 64-bit result (Aumasson, Bernstein), over UTF-16 code units, little-endian. Runs on 32-bit integers. */
export class KeyedHash {
  /** The result of the last `finish`. */
  high = 0;
  low = 0;
  readonly #state = new Int32Array(4);
  readonly #final = new Int32Array(4);
  #units = 0;
  #odd = 0;

  start(): void {
    this.#state[0] = key[0] as number;
    this.#state[1] = (key[1] as number) ^ 0xee;
    this.#state[2] = 0x6c796765 ^ (key[0] as number);
    this.#state[3] = 0x74656462 ^ (key[1] as number);
    this.#units = 0;
    this.#odd = 0;
  }

  /** Adds units[from, to). */
  add(units: Uint16Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if (this.#units++ & 1) absorb(this.#state, this.#odd | ((units[i] as number) << 16));
      else this.#odd = units[i] as number;
    }
  }

  /** Puts the hash of what was added so far into `high` and `low`, never both 0; more may be added after. */
  finish(): void {
    const state = this.#final;
    state.set(this.#state);
    absorb(state, (this.#units & 1 ? this.#odd : 0) | ((this.#units * 2) << 24));
    state[2] = (state[2] as number) ^ 0xee;
    for (let i = 0; i < 4; i++) round(state);
    this.high = ((state[1] as number) ^ (state[3] as number)) >>> 0;
    state[1] = (state[1] as number) ^ 0xdd;
    for (let i = 0; i < 4; i++) round(state);
    this.low = ((state[1] as number) ^ (state[3] as number)) >>> 0 || 1;
  }
}

function absorb(state: Int32Array, word: number): void {
  state[3] = (state[3] as number) ^ word;
  round(state);
  round(state);
  state[0] = (state[0] as number) ^ word;
}

function round(state: Int32Array): void {
  let [v0, v1, v2, v3] = [state[0] as number, state[1] as number, state[2] as number, state[3] as number];
  v0 = (v0 + v1) | 0;
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
  v0 = (v0 << 16) | (v0 >>> 16);
  v2 = (v2 + v3) | 0;
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
  v2 = (v2 << 16) | (v2 >>> 16);
  state[0] = v0;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}
