// @ts-check
/** Every word of the page that is made by code: one table for each kind. */

export const MEASURES = {
  stature: "Stature",
  bust_girth: "Bust or chest girth",
  waist_navel_girth: "Waist girth at the navel",
  hip_girth: "Hip girth",
  neck_girth: "Neck girth",
  wrist_girth: "Wrist girth",
  thigh_girth: "Thigh girth",
  calf_girth: "Calf girth",
  shoulder_width: "Shoulder width",
  inside_leg_height: "Inside leg height",
};

export const UNITS = {
  "m/s2": "m/s²", "%": "%", "{count}": "counts", "/min": "bpm", kPa: "kPa", Pa: "Pa", "rad/s": "rad/s",
  "1": "", "mm[Hg]": "mmHg",
};

/** Kinds of sensors, and what to do to place one. */
export const SENSORS = {
  electrode: "Electrode",
  strain_line: "Strain line",
  imu: "IMU pocket",
  pressure_pad: "Pressure pad",
  thermistor: "Thermistor",
  ppg: "PPG window",
};

/** @param {string} unit */
export const unitText = (unit) => UNITS[/** @type {keyof typeof UNITS} */ (unit)] ?? unit;

/** @param {number | null} quality from 0 to 1 */
export function qualityWord(quality) {
  if (quality === null || quality === undefined) return { word: "waiting", kind: "fair" };
  if (quality >= 0.9) return { word: "good", kind: "good" };
  if (quality >= 0.6) return { word: "fair", kind: "fair" };
  return { word: "poor", kind: "poor" };
}

/** @param {string} text */
export const plain = (text) => text.replaceAll("_", " ");

/** @param {number} seconds */
export function clock(seconds) {
  const s = Math.max(0, seconds);
  return `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
}

/** @param {Record<string, number | null>} vitals per minute; null where it is not known */
export function vitalsText(vitals) {
  const words = { heart: "bpm", breath: "breaths/min" };
  return Object.entries(vitals)
    .map(([name, rate]) => `${rate === null ? "–" : rate.toFixed(0)} ${words[/** @type {"heart"} */ (name)]}`)
    .join(", ");
}
