// @ts-check
/**
 * The charts of the reports: `data-chart` of a figure is a Vega-Lite specification, drawn by Vega in the colours and
 * letters of the page. A table says the same: where a chart cannot be drawn, nothing is missing.
 */

import { numeralsOf } from "/static/floor/numerals.js";

const LIBRARY = "/reports/drawing/";
/** What specifications call colours (reports/charts.py), and the custom properties of the page. */
const COLOURS = {
  "@accent": "--accent",
  "@paper": "--chart-paper",
  "@second": "--chart-second",
  "@third": "--chart-third",
  "@fourth": "--chart-fourth",
  "@fifth": "--chart-fifth",
  "@sixth": "--chart-sixth",
};
/** Narrower than this a legend has a line for each of its parts. */
const NARROW = 480;

const dark = matchMedia("(prefers-color-scheme: dark)");
const pen = /** @type {CanvasRenderingContext2D} */ (
  Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true })
);

/** @type {Promise<{ vega: any, vegaLite: any, expr: any }> | undefined} */
let loading;

/** The library, loaded once, and only by a page with a chart. */
function library() {
  loading ??= (async () => {
    await import(`${LIBRARY}vega.js`);
    // both need the first; they come together
    const [{ expressionInterpreter }] = await Promise.all([import(`${LIBRARY}interpreter.js`), import(`${LIBRARY}vega-lite.js`)]);
    const { vega, vegaLite } = /** @type {any} */ (globalThis);
    return { vega, vegaLite, expr: expressionInterpreter };
  })();
  return loading;
}

/**
 * A colour of the page as the library reads it: its own arithmetic knows no `color-mix`.
 * @param {HTMLElement} probe its color-scheme is whose colour it is
 * @param {string} property
 */
function colour(probe, property) {
  probe.style.color = `var(${property})`;
  pen.clearRect(0, 0, 1, 1);
  pen.fillStyle = getComputedStyle(probe).color;
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
  return `#${[red, green, blue].map((each) => each.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * The same with colours for their names.
 * @param {any} value
 * @param {Record<string, string>} colours
 * @returns {any}
 */
function coloured(value, colours) {
  if (typeof value === "string") return colours[value] ?? value;
  if (Array.isArray(value)) return value.map((each) => coloured(each, colours));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, coloured(each, colours)]));
  }
  return value;
}

/**
 * Everything that a chart's look depends on but its width.
 * @param {HTMLElement} place where it is drawn
 * @param {string} scheme "": the page's own; "light": as on paper
 */
function lookOf(place, scheme) {
  const probe = place.appendChild(document.createElement("i"));
  probe.style.colorScheme = scheme;
  const named = Object.fromEntries(Object.entries(COLOURS).map(([name, property]) => [name, colour(probe, property)]));
  const [ink, soft, line] = ["--ink", "--soft", "--line"].map((name) => colour(probe, name));
  probe.remove();
  return { named, ink, soft, line };
}

/**
 * @param {HTMLElement} place where a chart is drawn
 * @param {{ ink: string, soft: string, line: string }} look
 */
function frame(place, { ink, soft, line }) {
  const font = getComputedStyle(place).fontFamily;
  const letters = { labelFontSize: 14, titleFontSize: 14, titleFontWeight: "normal", labelColor: ink, titleColor: soft };
  return {
    font,
    background: null,
    // the table speaks to who cannot see
    aria: false,
    view: { stroke: null },
    axis: { ...letters, gridColor: line, domainColor: soft, labelLimit: 220 },
    axisX: { labelPadding: 8, labelSeparation: 6 },
    legend: { ...letters, symbolSize: 160, symbolOpacity: 1, labelLimit: place.clientWidth, columns: place.clientWidth < NARROW ? 1 : null, gradientLength: Math.min(200, place.clientWidth / 2) },
    text: { fontSize: 14, color: ink },
    rule: { color: soft },
  };
}

class Chart {
  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.figure = figure;
    this.place = /** @type {HTMLElement} */ (figure.querySelector(".drawn"));
    this.write = numeralsOf(figure);
    /** The specification that was drawn last. */
    this.told = "";
    this.width = 0;
    this.turn = 0;
    /** What is on the screen. @type {any} */
    this.view = undefined;
    this.resized = new ResizeObserver(() => this.place.clientWidth !== this.width && this.draw());
    this.resized.observe(this.place);
  }

  /** Draw what the figure tells now, if that is something else; until then the old drawing stays. */
  follow() {
    if (this.figure.dataset.chart !== this.told) this.draw();
  }

  async draw() {
    const turn = ++this.turn;
    this.width = this.place.clientWidth;
    this.told = this.figure.dataset.chart ?? "";
    if (!this.width) return;
    /** @type {any[]} */
    const views = [];
    try {
      const tools = await library();
      if (turn !== this.turn) return; // another width, theme or number meanwhile
      const [screen, paper] = [lookOf(this.place, ""), lookOf(this.place, "light")];
      // whoever prints a dark page gets it light: nothing can be drawn when the browser begins to print
      const looks = JSON.stringify(screen) === JSON.stringify(paper) ? [screen] : [screen, paper];
      const drawings = [];
      for (const look of looks) {
        const drawn = document.createElement("div");
        drawn.className = look === screen ? "on-screen" : "on-paper";
        views.push(this.viewOf(tools, look, drawn));
        await views.at(-1).runAsync();
        if (turn !== this.turn) return;
        for (const text of drawn.querySelectorAll("text, tspan")) {
          if (!text.childElementCount) text.textContent = this.write(text.textContent ?? "");
        }
        drawings.push(drawn);
      }
      this.view?.finalize();
      this.view = views.shift();
      this.place.replaceChildren(...drawings);
      delete this.place.dataset.failed;
      this.place.dataset.drawn = "";
    } catch (error) {
      if (turn !== this.turn) return;
      // the table stands; who looks after the page finds why
      console.error(error);
      this.place.dataset.failed = "";
    } finally {
      // what was overtaken, and what is on paper and points at nothing
      for (const view of views) view.finalize();
    }
  }

  /**
   * @param {{ vega: any, vegaLite: any, expr: any }} tools
   * @param {ReturnType<typeof lookOf>} look
   * @param {HTMLElement} container
   */
  viewOf({ vega, vegaLite, expr }, look, container) {
    const spec = { ...coloured(JSON.parse(this.told), look.named), width: this.width, autosize: { type: "fit-x", contains: "padding" } };
    const compiled = vegaLite.compile(spec, { config: frame(this.place, look), logger: vega.logger(vega.Error) }).spec;
    const view = new vega.View(vega.parse(compiled, null, { ast: true }), { expr, renderer: "svg", container });
    return view.tooltip((/** @type {any} */ _, /** @type {any} */ __, /** @type {any} */ ___, /** @type {any} */ value) => this.hint(value));
  }

  /** @param {any} value what the mark that is pointed at tells, by field */
  hint(value) {
    this.place.title = value && typeof value === "object" ? this.write(Object.values(value).join(" · ")) : "";
  }

  /** The figure has gone. */
  stop() {
    this.turn += 1;
    this.resized.disconnect();
    this.view?.finalize();
    this.view = undefined;
  }
}

/** @type {Map<HTMLElement, Chart>} */
const charts = new Map();

/** Draw figures that have come and those that tell something else now, and let go of those that have gone. */
export function follow() {
  for (const [figure, chart] of charts) {
    if (figure.isConnected) continue;
    chart.stop();
    charts.delete(figure);
  }
  for (const figure of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("figure[data-chart]"))) {
    if (!charts.has(figure)) charts.set(figure, new Chart(figure));
    charts.get(figure)?.follow();
  }
}

const redraw = () => charts.forEach((chart) => chart.draw());
dark.addEventListener("change", redraw);
new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
follow();
