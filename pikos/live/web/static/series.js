// A number against an index or a time, as line and points.

import { axis, colours, CONFIG, grip, layout, plain, plotly } from "./charts.js";
import { get, make, write } from "./dom.js";
import { count, duration, MIB, scaled } from "./units.js";

/** @typedef {import("./types.js").Series} Series */

export class SeriesChart {
  /**
   * @param {object} does
   * @param {() => void} does.moved the user looks at a part of it
   */
  constructor(does) {
    this.does = does;
    this.chart = get("series-chart", HTMLElement);
    this.point = get("series-point", HTMLElement);
    this.view = 1; // another number: all of it is in sight; 0 would mean none to plotly
    this.ready = false;
    this.held = grip(this.chart);
    /** @type {Series | null} */
    this.shown = null;
    this.of = ""; // session and fields of what is shown
    this.origin = 0; // what is 0 along the chart: the first time that was kept when it was turned to
  }

  /** Look at all of it. */
  reset() {
    this.view += 1;
    this.point.hidden = true;
  }

  /**
   * @param {Series} series
   * @param {boolean} follow whether the newest points stay in sight
   * @param {string} tab the session
   */
  async show(series, follow, tab) {
    const Plotly = await plotly();
    if (this.held()) return;
    const has = colours();
    const y = scaled(series.unit);
    const x = scaled(series.x_unit);
    const of = [tab, series.kind, series.x, series.y].join("\n");
    if (this.of !== of) {
      if (this.of) this.reset(); // of other fields, the part that was looked at means nothing
      this.of = of;
      this.origin = series.origin;
    }
    this.shown = series;
    if (follow) this.view += 1;
    const data = {
      type: "scatter",
      mode: "lines+markers",
      x: series.points.map((point) => (Number(point[0]) - this.origin) * x.scale),
      y: series.points.map((point) => Number(point[1]) * y.scale),
      line: { color: has.mark, width: 1.5 },
      marker: { color: has.mark, size: 5 },
      hovertemplate: `${plain(series.x)} %{x}<br>${plain(series.y)} %{y} ${y.name}<extra></extra>`,
    };
    const shape = {
      ...layout(has),
      uirevision: this.view,
      dragmode: "zoom",
      margin: { l: 10, r: 20, t: 34, b: 40 },
      xaxis: axis(has, named(series.xs, series.x, x.name)),
      yaxis: axis(has, named(series.ys, series.y, y.name)),
    };
    await Plotly.react(this.chart, [data], shape, CONFIG);
    const thinned = series.points.length < series.total;
    write(get("series-more", HTMLElement), thinned ? `${count(series.points.length)} of ${count(series.total)} points` : `${count(series.total)} points`);
    if (this.ready) return;
    this.ready = true;
    const chart = /** @type {any} */ (this.chart);
    chart.on("plotly_click", (/** @type {any} */ event) => this.choose(event.points[0].pointNumber));
    chart.on("plotly_relayout", (/** @type {object} */ event) => {
      if (Object.keys(event).some((name) => name.startsWith("xaxis.range"))) this.does.moved();
    });
  }

  /**
   * Tell all fields of a point.
   * @param {number} place
   */
  choose(place) {
    const point = this.shown?.points[place];
    if (!point || !this.shown) return;
    const pairs = this.shown.fields.map((field, at) => {
      const pair = make("div");
      const value = point[at + 2] ?? "";
      pair.append(make("dt", "", field), make("dd", "", written(field, value)));
      return pair;
    });
    this.point.replaceChildren(...pairs);
    this.point.hidden = false;
  }
}

/**
 * @param {import("./types.js").Choice[]} choices
 * @param {string} id
 * @param {string} unit
 */
function named(choices, id, unit) {
  const name = choices.find((choice) => choice.id === id)?.name ?? "";
  return unit ? `${name} (${unit})` : name;
}

/**
 * @param {string} field
 * @param {number | string} value
 */
function written(field, value) {
  if (typeof value !== "number") return value;
  if (field === "RSS" || field === "VMS") return `${(value / MIB).toFixed(3)} MiB`;
  if (field.endsWith("_ns")) return duration(value);
  return Number.isInteger(value) ? count(value) : String(value);
}
