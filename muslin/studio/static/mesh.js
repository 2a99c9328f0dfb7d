// @ts-check
/** A fit as it comes from the studio: length, JSON, arrays. */

/** @param {ArrayBuffer} buffer */
export function readMesh(buffer) {
  const n = new DataView(buffer).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, n)));
  /** @type {Record<string, Float32Array | Int32Array>} */
  const arrays = {};
  for (const { name, kind, shape, at } of content.arrays) {
    const count = shape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1);
    arrays[name] = kind === "<f4" ? new Float32Array(buffer, 4 + n + at, count) : new Int32Array(buffer, 4 + n + at, count);
  }
  return { ...content, arrays };
}
