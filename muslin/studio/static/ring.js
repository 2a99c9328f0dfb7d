// @ts-check
/** The newest samples of one stream in typed arrays; what was not measured is NaN. */

const SECONDS = 75;

export class Ring {
  /** @param {number} channels @param {number} rate samples a second */
  constructor(channels, rate) {
    this.channels = channels;
    this.rate = rate;
    this.size = Math.max(256, Math.ceil(rate * SECONDS));
    this.times = new Float64Array(this.size);
    this.values = Array.from({ length: channels }, () => new Float32Array(this.size));
    this.count = 0; // samples ever put, breaks included
    this.n = 0; // samples that were measured
    this.last = -Infinity;
    /** @type {[number, number][]} */
    this.gaps = [];
  }

  /** @param {import("/static/wire.js").Frame} frame */
  put(frame) {
    const step = 1 / frame.rate;
    if (frame.first < this.last - step) this.forget(); // the clock was set back
    if (this.last > -Infinity && frame.first - this.last > 1.5 * step) {
      this.gaps.push([this.last, frame.first]);
      if (this.gaps.length > 200) this.gaps.shift();
      this.one(this.last + step, null, 0);
    }
    for (let i = 0; i < frame.n; i++) this.one(frame.first + i * step, frame.values, i * frame.channels);
    this.n += frame.n;
    this.last = frame.first + (frame.n - 1) * step;
  }

  forget() {
    this.count = 0;
    this.last = -Infinity;
    this.gaps = [];
  }

  /** @param {number} time @param {Float32Array | null} values @param {number} at */
  one(time, values, at) {
    const slot = this.count++ % this.size;
    this.times[slot] = time;
    for (let c = 0; c < this.channels; c++) this.values[c][slot] = values ? values[at + c] : NaN;
  }

  /**
   * Columns for a plot: the samples, or least and largest of every pixel when there are more.
   * @param {number} from @param {number} to @param {number} pixels
   * @param {number[]} channels @returns {(number | null)[][]}
   */
  columns(from, to, pixels, channels) {
    let start = Math.max(0, this.count - this.size);
    let low = start, high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle % this.size] < from) low = middle + 1; else high = middle;
    }
    start = Math.max(start, low - 1);
    const n = this.count - start;
    return n > 2 * pixels ? this.folded(start, n, pixels, channels) : this.plainly(start, n, channels);
  }

  /** @param {number} start @param {number} n @param {number[]} channels */
  plainly(start, n, channels) {
    /** @type {(number | null)[][]} */
    const out = [new Array(n), ...channels.map(() => new Array(n))];
    for (let i = 0; i < n; i++) {
      const slot = (start + i) % this.size;
      out[0][i] = this.times[slot];
      channels.forEach((c, k) => {
        const value = this.values[c][slot];
        out[k + 1][i] = value === value ? value : null;
      });
    }
    return out;
  }

  /** @param {number} start @param {number} n @param {number} pixels @param {number[]} channels */
  folded(start, n, pixels, channels) {
    const fold = Math.ceil(n / pixels);
    // Folds start at whole multiples, so that a sample stays in its fold while the strip moves.
    const first = Math.floor(start / fold) * fold;
    /** @type {(number | null)[][]} */
    const out = [[], ...channels.map(() => [])];
    for (let begin = Math.max(first, this.count - this.size); begin < this.count; begin += fold) {
      const end = Math.min(begin + fold, this.count);
      const time = this.times[begin % this.size];
      out[0].push(time, time + (0.5 * fold) / this.rate);
      channels.forEach((c, k) => {
        let least = Infinity, most = -Infinity;
        for (let i = begin; i < end; i++) {
          const value = this.values[c][i % this.size];
          if (value < least) least = value;
          if (value > most) most = value;
        }
        out[k + 1].push(least <= most ? least : null, least <= most ? most : null);
      });
    }
    return out;
  }
}
