// @ts-check
/** Frames of the studio: a head of 20 bytes, little endian, then f32 or text. */

export const SAMPLES = 0, ENVELOPE = 1, EVENTS = 2, STATE = 3;
const HEAD = 20;
const decoder = new TextDecoder();

/**
 * @typedef {{kind: number, number: number, channels: number, n: number, first: number,
 *   rate: number, values: Float32Array, content: any}} Frame
 * @param {ArrayBuffer} buffer @returns {Generator<Frame>}
 */
export function* frames(buffer) {
  const view = new DataView(buffer);
  let at = 0;
  while (at + HEAD <= buffer.byteLength) {
    const kind = view.getUint8(at), number = view.getUint8(at + 1);
    const channels = view.getUint16(at + 2, true), n = view.getUint32(at + 4, true);
    const first = view.getFloat64(at + 8, true), rate = view.getFloat32(at + 16, true);
    at += HEAD;
    const isText = kind === EVENTS || kind === STATE;
    const size = isText ? n : 4 * n * channels * (kind === ENVELOPE ? 2 : 1);
    const values = isText ? new Float32Array(0) : new Float32Array(buffer, at, size / 4);
    const content = isText ? JSON.parse(decoder.decode(new Uint8Array(buffer, at, size))) : null;
    yield { kind, number, channels, n, first, rate, values, content };
    at += size;
  }
}
