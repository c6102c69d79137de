// One value of the functions that have the most of it, as bars.

import { axis, colours, CONFIG, grip, layout, plain, plotly } from "./charts.js";
import { get, write } from "./dom.js";
import { count, duration, scaled } from "./units.js";

/** @typedef {import("./types.js").Bars} Bars */

const SHOWN = 30; // bars in sight at first, if there is room for a name beside each
const NAME_HEIGHT = 15;
const MARGIN = { l: 10, r: 20, t: 34, b: 50 };
const NAME_MAX = 42;
const LONG_NS = 1e10;

export class BarChart {
  /**
   * @param {object} does
   * @param {(id: string) => void} does.choose a bar was clicked
   * @param {(id: string) => void} does.open a bar was clicked twice
   */
  constructor(does) {
    this.does = does;
    this.chart = get("bars-chart", HTMLElement);
    this.view = 1; // grows when the view is to be as at first; 0 would mean none to plotly
    this.moved = false; // whether the user looks at a part of it
    this.range = [0, 0];
    this.long = false; // whether times are in seconds
    this.ready = false;
    this.held = grip(this.chart);
  }

  /** Look at it as at first. */
  reset() {
    this.view += 1;
    this.moved = false;
  }

  /**
   * @param {Bars} bars
   * @param {string} chosen
   */
  async show(bars, chosen) {
    const Plotly = await plotly();
    if (this.held()) return;
    const has = colours();
    // In the same unit for as long as the user looks at a part of it.
    if (!this.moved) this.long = bars.bars.some((bar) => bar.value >= LONG_NS);
    const { scale, name } = scaled(bars.unit, this.long);
    const told = bars.unit === "ns" ? duration : count;
    const ids = bars.bars.map((bar) => bar.id);
    const narrow = this.chart.clientWidth < 600;
    const most = narrow ? 16 : NAME_MAX;
    // As plotly was told it before, or the part that the user looks at would be lost.
    const room = Math.floor((this.chart.clientHeight - MARGIN.t - MARGIN.b) / NAME_HEIGHT);
    if (!this.moved) this.range = [Math.max(1, Math.min(SHOWN, room, ids.length)) - 0.5, -0.5];
    const data = {
      type: "bar",
      orientation: "h",
      x: bars.bars.map((bar) => bar.value * scale),
      y: ids,
      hovertext: bars.bars.map((bar) => `${plain(bar.name)}: ${told(bar.value)}`),
      hoverinfo: "text",
      marker: { color: bars.bars.map((bar) => (bar.id === chosen ? has.mark : has.bar)) },
    };
    const shape = {
      ...layout(has),
      uirevision: this.view,
      dragmode: "pan",
      bargap: 0.15,
      margin: MARGIN,
      xaxis: axis(has, name ? `${bars.title} (${name})` : bars.title),
      yaxis: {
        ...axis(has, ""),
        range: this.range.slice(),
        type: "category", // plotly then leaves out names that there is no room for, and stays fast
        categoryarray: ids,
        labelalias: Object.fromEntries(bars.bars.map((bar) => [bar.id, plain(bar.name, most)])),
      },
    };
    // A double click looks closer; plotly would show all bars, each a pixel high.
    await Plotly.react(this.chart, [data], shape, { ...CONFIG, doubleClick: false });
    const left = bars.total - bars.bars.length;
    write(get("bars-more", HTMLElement), left > 0 ? `the first ${bars.bars.length} of ${count(bars.total)} functions` : "");
    if (this.ready) return;
    this.ready = true;
    const chart = /** @type {any} */ (this.chart);
    chart.on("plotly_click", (/** @type {any} */ event) => {
      const id = String(event.points[0].y);
      if (event.event.detail > 1) this.does.open(id);
      else this.does.choose(id);
    });
    chart.on("plotly_relayout", (/** @type {object} */ event) => {
      if (Object.keys(event).some((key) => key.includes("axis.range"))) this.moved = true;
    });
  }
}
