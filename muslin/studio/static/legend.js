// @ts-check
/** Colour bar with ticks in one or two units. */

/** @param {HTMLCanvasElement} canvas @param {any} map */
export function drawLegend(canvas, map) {
  const ratio = Math.min(window.devicePixelRatio, 2);
  canvas.width = 340 * ratio;
  canvas.height = 46 * ratio;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(ratio, ratio);
  paintLegend(context, map, { x: 4, y: 2, width: 330, ink: getComputedStyle(document.body).color });
  canvas.setAttribute("aria-label", `Legend: ${map.legend}, from ${map.low} to ${map.high}`);
}

/** @param {CanvasRenderingContext2D} context @param {any} map @param {{x: number, y: number, width: number, ink: string}} place */
export function paintLegend(context, map, { x, y, width, ink }) {
  context.fillStyle = ink;
  context.font = "12px system-ui";
  context.textBaseline = "top";
  context.textAlign = "left";
  const second = map.second ? `, and [${map.second[1]}]` : "";
  context.fillText(map.legend + second, x, y);
  const step = width / map.colors.length;
  map.colors.forEach((/** @type {number[]} */ rgb, /** @type {number} */ i) => {
    context.fillStyle = `rgb(${rgb.join(",")})`;
    context.fillRect(x + i * step, y + 16, step + 0.5, 12);
  });
  context.fillStyle = ink;
  for (let i = 0; i <= 4; i++) {
    const value = map.low + ((map.high - map.low) * i) / 4;
    const other = map.second ? ` (${(value * map.second[0]).toFixed(0)})` : "";
    context.textAlign = i === 0 ? "left" : i === 4 ? "right" : "center";
    context.fillText(`${Number(value.toFixed(1))}${other}`, x + (width * i) / 4, y + 31);
  }
}
