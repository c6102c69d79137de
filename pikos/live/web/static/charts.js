// What both charts share: plotly, its colours, and names that it must not read as markup.

/** @type {Promise<any> | null} */
let loading = null;

/**
 * Plotly, fetched when the first chart is looked at.
 * @returns {Promise<any>}
 */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "static/plotly.min.js";
    script.addEventListener("load", () => resolve(/** @type {any} */ (window).Plotly));
    script.addEventListener("error", () => reject(new Error("plotly.min.js cannot be fetched")));
    document.head.append(script);
  });
  return loading;
}

export const CONFIG = {
  displaylogo: false,
  responsive: true,
  scrollZoom: true,
  modeBarButtonsToRemove: ["toImage", "select2d", "lasso2d", "autoScale2d"],
};

/**
 * Plotly reads some HTML in names; what is a stranger's must stay text.
 * @param {string} text
 * @param {number} [most] characters
 */
export function plain(text, most = 120) {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return cut.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

const WHEEL_MS = 200; // plotly takes a turn of the wheel over after 50 ms

/**
 * Watch whether a chart is held by the mouse: what is drawn anew meanwhile would slip away.
 * @param {HTMLElement} chart
 * @returns {() => boolean}
 */
export function grip(chart) {
  let held = false;
  let turned = -WHEEL_MS;
  chart.addEventListener("pointerdown", () => (held = true), true);
  window.addEventListener("pointerup", () => (held = false), true);
  window.addEventListener("pointercancel", () => (held = false), true);
  chart.addEventListener("wheel", () => (turned = performance.now()), { capture: true, passive: true });
  return () => held || performance.now() - turned < WHEEL_MS;
}

/** Colours of the page. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  return { paper: of("--sheet"), ink: of("--ink"), faint: of("--faint"), line: of("--line"), mark: of("--mark"), bar: of("--flame-0") };
}

/**
 * What the layouts have in common.
 * @param {ReturnType<typeof colours>} has
 */
export function layout(has) {
  return {
    paper_bgcolor: has.paper,
    plot_bgcolor: has.paper,
    font: { color: has.ink, size: 12, family: "system-ui, sans-serif" },
    hoverlabel: { bgcolor: has.paper, bordercolor: has.line, font: { color: has.ink }, align: "left" },
    modebar: { bgcolor: has.paper, color: has.faint, activecolor: has.mark, uirevision: "kept" }, // the button that is down stays down
    showlegend: false,
    hovermode: "closest",
  };
}

/**
 * @param {ReturnType<typeof colours>} has
 * @param {string} title
 */
export function axis(has, title) {
  return { title: { text: plain(title) }, gridcolor: has.line, zerolinecolor: has.line, linecolor: has.line, automargin: true };
}
