// @ts-check
/** A joint that strain lines tell of. Two stances of the wearer, straight and bent by a right angle,
 * fix the scale; in between and beyond the angle goes with the strain along the line of the two. */

/** Site of the lines, part of the figure that turns, and the way it turns about its own x axis.
 * @type {[RegExp, string, number][]} */
const JOINTS = [[/knee/, "shank", 1], [/elbow/, "forearm", -1]];
const RIGHT_ANGLE = Math.PI / 2;

export class Joint {
  /** @param {string} site @param {number} number of the stream @param {number[]} channels @param {number} nChannels */
  constructor(site, number, channels, nChannels) {
    const [, part, way] = /** @type {[RegExp, string, number]} */ (JOINTS.find(([words]) => words.test(site)));
    this.title = site;
    this.part = `${/right/.test(site) ? "right" : "left"} ${part}`;
    this.way = way;
    this.number = number;
    this.channels = channels;
    this.nChannels = nChannels;
    /** @type {number[] | null} */ this.now = null;
    /** @type {number[] | null} */ this.straight = null;
    /** @type {number[] | null} */ this.bent = null;
  }

  /** @param {import("/static/wire.js").Frame} frame */
  feed(frame) {
    const rows = frame.values.length / this.nChannels;
    const last = this.channels.map((c) => frame.values[(rows - 1) * this.nChannels + c]);
    if (last.every(Number.isFinite)) this.now = last;
  }

  /** The wearer stands straight now, or holds a right angle. @param {"straight" | "bent"} stance */
  hold(stance) { this[stance] = this.now; }

  /** Angle now [rad]; null before both stances are known, or where they are the same. */
  get angle() {
    const { now, straight, bent } = this;
    if (!now || !straight || !bent) return null;
    const way = bent.map((value, i) => value - straight[i]);
    const length2 = way.reduce((sum, value) => sum + value * value, 0);
    if (!(length2 > 0)) return null;
    const along = now.reduce((sum, value, i) => sum + (value - straight[i]) * way[i], 0);
    return (RIGHT_ANGLE * along) / length2;
  }
}

/** Joints that the garments' strain lines lie over. @param {any[]} schemas */
export function jointsOf(schemas) {
  return schemas.flatMap((garment) =>
    garment.streams.flatMap((/** @type {any} */ stream) => {
      /** @type {Map<string, number[]>} */ const lines = new Map();
      stream.kinds.forEach((/** @type {string} */ kind, /** @type {number} */ c) => {
        const site = stream.sites[c];
        if (kind === "strain" && JOINTS.some(([words]) => words.test(site))) lines.set(site, [...(lines.get(site) ?? []), c]);
      });
      return [...lines].map(([site, channels]) => new Joint(site, stream.number, channels, stream.channels.length));
    }),
  );
}
