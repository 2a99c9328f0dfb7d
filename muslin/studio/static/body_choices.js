// @ts-check
/** The body of the fit room: tape measures by slider, number or preset, or a scan of a person. */
import { post } from "/static/api.js";
import { options } from "/static/options.js";
import { MEASURES, plain } from "/static/words.js";

const PERCENTILES = ["p5", "p25", "p50", "p75", "p95"];

/** @param {string} id */
const $ = (id) => /** @type {any} */ (document.getElementById(id));

export class BodyChoices {
  /** @param {any} state what the page opened with */
  constructor({ choices, project, uploads }) {
    this.choices = choices;
    /** What was found in each scan. @type {Map<string, any>} */ this.scans = new Map();
    const scans = uploads.filter((/** @type {any} */ u) => u.kind === "scan");
    options($("preset"), [
      ["", "own"], ["demo", "demo wearer"], ...PERCENTILES.map((p) => [p, p]),
      ...scans.map((/** @type {any} */ u) => [`scan:${u.id}`, u.label]),
    ]);
    if ([...$("sex").options].some((o) => o.value === project.sex)) $("sex").value = project.sex;
    for (const slider of choices.sliders) this.addSlider(slider);
    this.setMeasures(Object.keys(project.measures_cm).length ? project.measures_cm : choices.demo.measures_cm);
  }

  /** @param {{name: string, low_cm: number, high_cm: number}} slider */
  addSlider({ name, low_cm, high_cm }) {
    const title = MEASURES[/** @type {keyof typeof MEASURES} */ (name)] ?? plain(name);
    const box = document.createElement("div");
    box.className = "measure";
    const text = document.createElement("span");
    text.textContent = `${title} (${name}) [cm]`;
    const range = document.createElement("input"), number = document.createElement("input");
    range.type = "range";
    number.type = "number";
    number.id = `cm-${name}`;
    for (const input of [range, number]) {
      Object.assign(input, { min: low_cm.toFixed(1), max: high_cm.toFixed(1), step: 0.1 });
      input.setAttribute("aria-label", `${title} in centimetres${input === range ? ", slider" : ""}`);
    }
    const own = () => { box.classList.toggle("follows", number.value === ""); $("preset").value = ""; };
    range.oninput = () => { number.value = Number(range.value).toFixed(1); own(); };
    number.oninput = () => { range.value = number.value; own(); };
    box.append(text, range, number);
    $("measures").append(box);
  }

  /** @param {Record<string, number>} measures_cm */
  setMeasures(measures_cm) {
    for (const { name } of this.choices.sliders) {
      const number = $(`cm-${name}`);
      const value = measures_cm[name];
      number.value = value === undefined ? "" : value.toFixed(1);
      const range = number.previousElementSibling;
      range.value = value ?? (Number(range.min) + Number(range.max)) / 2;
      number.parentElement.classList.toggle("follows", value === undefined);
      number.placeholder = "follows";
    }
  }

  measures() {
    /** @type {Record<string, number>} */
    const found = {};
    for (const { name } of this.choices.sliders) if ($(`cm-${name}`).value !== "") found[name] = Number($(`cm-${name}`).value);
    return found;
  }

  async preset() {
    const { choices } = this, name = $("preset").value;
    if (name === "demo") {
      $("sex").value = choices.demo.sex;
      this.setMeasures(choices.demo.measures_cm);
    } else if (name.startsWith("scan:")) {
      const scan = this.scans.get(this.scan);
      if (scan) this.found(scan);
      else await post("/api/bodies", { scan: this.scan });
    } else if (name) this.setMeasures(choices.presets[$("sex").value][name]);
  }

  /** Id of the scan that is the body; empty while the tape measures are. */
  get scan() {
    const name = $("preset").value;
    return name.startsWith("scan:") ? name.slice(5) : "";
  }

  /** Shows what was found in a scan, if it still is the body. @param {any} scan */
  found(scan) {
    this.scans.set(scan.scan, scan);
    if (this.scan !== scan.scan) return;
    $("sex").value = scan.sex;
    this.setMeasures(scan.measures_cm);
    if (scan.warnings.length) $("fit-text").textContent = scan.warnings.join("; ");
  }

  /** Measures that follow from the others, in grey. @param {Record<string, number>} achieved_cm */
  achieved(achieved_cm) {
    for (const { name } of this.choices.sliders) {
      const number = $(`cm-${name}`), cm = achieved_cm[name];
      if (number.value === "" && cm) {
        number.placeholder = cm.toFixed(1);
        number.previousElementSibling.value = cm;
      }
    }
  }
}
