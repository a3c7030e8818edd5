// @ts-check
/**
 * The charts of the reports: `data-chart` of a figure is a Vega-Lite specification, drawn by Vega in the colours and
 * letters of the page. A table says the same: where a chart cannot be drawn, nothing is missing.
 */

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
const THAI = "๐๑๒๓๔๕๖๗๘๙";

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
 * @param {HTMLElement} probe
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

/** @param {HTMLElement} place where a chart is drawn */
function frame(place) {
  const font = getComputedStyle(place).fontFamily;
  const [ink, soft, line] = ["--ink", "--soft", "--line"].map((name) => colour(place, name));
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

/** @param {string} text */
const inThai = (text) => text.replace(/\d/g, (figure) => THAI[Number(figure)]);

class Chart {
  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.figure = figure;
    this.place = /** @type {HTMLElement} */ (figure.querySelector(".drawn"));
    this.spec = JSON.parse(figure.dataset.chart ?? "{}");
    this.write = figure.dataset.numerals === "thai" ? inThai : (/** @type {string} */ text) => text;
    this.width = 0;
    this.turn = 0;
    /** @type {any} */
    this.view = undefined;
    new ResizeObserver(() => this.place.clientWidth !== this.width && this.draw()).observe(this.place);
  }

  async draw() {
    const turn = ++this.turn;
    this.width = this.place.clientWidth;
    if (!this.width) return;
    try {
      const { vega, vegaLite, expr } = await library();
      if (turn !== this.turn) return; // another width or theme meanwhile
      const colours = Object.fromEntries(Object.entries(COLOURS).map(([name, property]) => [name, colour(this.place, property)]));
      const spec = { ...coloured(this.spec, colours), width: this.width, autosize: { type: "fit-x", contains: "padding" } };
      const compiled = vegaLite.compile(spec, { config: frame(this.place), logger: vega.logger(vega.Error) }).spec;
      const drawn = document.createElement("div");
      const view = new vega.View(vega.parse(compiled, null, { ast: true }), { expr, renderer: "svg", container: drawn });
      view.tooltip((/** @type {any} */ _, /** @type {any} */ __, /** @type {any} */ ___, /** @type {any} */ value) => this.hint(value));
      await view.runAsync();
      if (turn !== this.turn) return view.finalize();
      this.view?.finalize();
      this.view = view;
      for (const text of drawn.querySelectorAll("text, tspan")) {
        if (!text.childElementCount) text.textContent = this.write(text.textContent ?? "");
      }
      this.place.replaceChildren(drawn);
      this.figure.dataset.drawn = "";
    } catch (error) {
      // the table stands; who looks after the page finds why
      console.error(error);
      this.figure.dataset.failed = "";
    }
  }

  /** @param {any} value what the mark that is pointed at tells, by field */
  hint(value) {
    this.place.title = value && typeof value === "object" ? this.write(Object.values(value).join(" · ")) : "";
  }
}

const charts = [...document.querySelectorAll("figure[data-chart]")].map((figure) => new Chart(/** @type {HTMLElement} */ (figure)));
const redraw = () => charts.forEach((chart) => chart.draw());
dark.addEventListener("change", redraw);
new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
redraw();
