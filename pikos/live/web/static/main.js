// Asks the server four times a second for what the user looks at, and shows the answer.

import { BarChart } from "./bars.js";
import { get, list, make, offer, write } from "./dom.js";
import { FlameGraph } from "./flame.js";
import { PictureView } from "./picture.js";
import { RowsTable } from "./rows.js";
import { SeriesChart } from "./series.js";
import { change, DEFAULTS, onChange, state } from "./state.js";

/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {Partial<import("./state.js").State>} Changes */

const INTERVAL_MS = 250;
const PATIENCE_MS = 10_000;

/** @type {[string, string, Changes][]} */
const PANELS = [
  ["f", "functions", { panel: "functions" }],
  ["b", "bars", { panel: "bars" }],
  ["g", "flame graph", { panel: "flame" }],
  ["m", "memory", { panel: "series" }],
  ["e", "records", { panel: "records" }],
  ["l", "source", { panel: "source" }],
  ["o", "open calls", { panel: "text", text: "open calls" }],
  ["t", "threads", { panel: "text", text: "threads" }],
  ["?", "help", { panel: "help" }],
];
const CLOSER_MAX = 20; // steps that Escape leads back
const OF_PROFILES = ["functions", "bars", "flame", "text"];
const FILTERED = ["functions", "bars", "flame", "records"];

/** @type {Answer | null} */
let answered = null;
let asked = ""; // the last request
let said = ""; // its answer
let sourceAt = ""; // the place in a source file that was brought in sight
let waiting = false;
let again = false;
/** @type {number | undefined} */
let timer;

const choose = (/** @type {string} */ id) => change({ function: id });
const callersOf = (/** @type {string} */ id) => closer({ function: id, panel: "text", text: "function", row: "0" });

const functions = new RowsTable(get("functions", HTMLElement), {
  sort: sortBy,
  choose,
  open: callersOf,
  scrolled: soon,
});
const records = new RowsTable(get("records", HTMLElement), { choose: () => undefined, open: sourceOf, scrolled: soon });
const source = new RowsTable(get("source", HTMLElement), { choose: () => undefined, open: () => undefined, scrolled: soon });
const bars = new BarChart({ choose, open: callersOf });
const flame = new FlameGraph({ zoom: (zoom) => change({ zoom }), choose });
const series = new SeriesChart({ moved: () => change({ points: "0" }) });
const picture = new PictureView(press);

/**
 * Look closer, and remember where from.
 * @param {Changes} to
 */
function closer(to) {
  const place = (/** @type {Changes} */ { panel, text, function: id, row }) => [panel, text, id, row].join(":");
  const before = state.from ? state.from.split(";") : [];
  if (place({ ...state, ...to }) !== place(state)) before.push(place(state));
  change({ ...to, from: before.slice(-CLOSER_MAX).join(";") });
}

/** Go back to where the user looked closer, or to the functions. */
function back() {
  const before = state.from ? state.from.split(";") : [];
  const [panel, text, id, row] = before.pop()?.split(":") ?? [];
  change({ panel: panel ?? "functions", text: text ?? state.text, function: id ?? state.function, row: row ?? "0", from: before.join(";") });
}

/** Do what Escape means where the user is. */
function escape() {
  if (state.panel === "flame" && state.zoom) flame.out();
  else back();
}

/** @param {string} name */
function sortBy(name) {
  const same = name === state.sort;
  const descending = same ? state.descending !== "1" : name !== "name";
  functions.home();
  change({ sort: name, descending: descending ? "1" : "0" });
}

/**
 * What to choose for a line of a source file.
 * @param {string} place as LINE FILE
 * @returns {Changes}
 */
function lineAt(place) {
  const at = place.indexOf(" ");
  return { panel: "source", file: place.slice(at + 1), row: String(Math.max(0, Number(place.slice(0, at)) - 1)) };
}

/**
 * Look closer at a line of a source file.
 * @param {string} place as LINE FILE; empty for none
 */
function sourceOf(place) {
  if (place) closer(lineAt(place));
}

/**
 * Do what a part of one of the terminal's pictures means.
 * @param {string} key
 */
function press(key) {
  const at = key.indexOf(" ");
  const [order, rest] = at < 0 ? [key, ""] : [key.slice(0, at), key.slice(at + 1)];
  if (order === "row") change({ row: rest.split(" ")[0] ?? "0" });
  else if (order === "function") callersOf(rest);
  else if (order === "thread") change({ thread: rest, zoom: "" });
  else if (order === "source") sourceOf(rest);
}

/** The choices that are the same for every panel, and what this panel wants. */
function request() {
  const wanted = new URLSearchParams(Object.entries(state));
  const table = { functions, records, source }[state.panel];
  if (table) {
    const { first, count } = table.wanted();
    wanted.set("first", String(first));
    wanted.set("count", String(count));
  }
  if (state.panel === "flame") wanted.set("width", String(Math.min(10_000, flame.width)));
  if (state.panel === "text") wanted.set("width", String(picture.columns));
  return `view?${wanted}`;
}

/** Ask at once, or as soon as what was asked before is answered. */
function soon() {
  again = true;
  if (!waiting) void ask();
}

async function ask() {
  clearTimeout(timer);
  waiting = true;
  again = false;
  const begun = performance.now();
  asked = request();
  const answer = await fetched(asked);
  try {
    if (answer && !again) await take(answer);
  } finally {
    waiting = false;
    const spent = performance.now() - begun;
    if (again) void ask();
    else timer = setTimeout(() => void ask(), document.hidden ? 4 * INTERVAL_MS : Math.max(10, INTERVAL_MS - spent));
  }
}

/**
 * @param {string} path
 * @returns {Promise<{response: Response, text: string} | null>}
 */
async function fetched(path) {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return { response, text: await response.text() };
  } catch (error) {
    notice(`no answer: has pikos web ended? (${error instanceof Error ? error.message : error})`);
    return null;
  }
}

/** @param {{response: Response, text: string}} answer */
async function take({ response, text }) {
  if (!response.ok) {
    const why = response.headers.get("content-type")?.includes("json") ? JSON.parse(text).error : text;
    notice(why);
    return;
  }
  const news = asked + text;
  if (news === said) return;
  said = news;
  answered = JSON.parse(text);
  if (answered) await show(answered);
}

/** @param {string} text */
function notice(text) {
  const element = get("notice", HTMLElement);
  write(element, text);
  element.hidden = !text;
}

/** @param {Answer} answer */
async function show(answer) {
  const panel = answer.missing && state.panel !== "help" ? "start" : state.panel;
  if (panel !== "source") sourceAt = "";
  if (answer.of_records && OF_PROFILES.includes(panel)) {
    if (!answer.recorded) {
      head(answer); // which panel comes first depends on what is recorded
      notice("no record yet");
      return;
    }
    change({ panel: answer.busiest ? "source" : "records", file: "", row: "0", from: "" });
    return;
  }
  if (panel === "source" && answer.busiest) {
    change(lineAt(answer.busiest));
    return;
  }
  if (!answer.of_records && panel === "records" && answer.told.who && answer.tab) {
    change({ panel: "functions" });
    return;
  }
  head(answer);
  for (const section of document.querySelectorAll("main > section")) {
    /** @type {HTMLElement} */ (section).hidden = section.id !== panel;
  }
  if (panel === "start") {
    write(get("missing", HTMLElement), answer.missing);
    notice(answer.notice);
    return;
  }
  notice(answer.panel.trouble || answer.notice);
  if (answer.panel.trouble && panel !== "source") return;
  if (panel === "functions") {
    functions.show(answer.panel, { sort: state.sort, descending: state.descending === "1", chosen: state.function });
  } else if (panel === "bars") {
    offerBars(answer);
    await bars.show(answer.panel, state.function);
  } else if (panel === "flame") {
    flame.show(answer.panel);
  } else if (panel === "series") {
    offerSeries(answer.panel);
    await series.show(answer.panel, state.points !== "0", answer.tab);
  } else if (panel === "records") {
    offer(get("records-kind", HTMLSelectElement), answer.panel.kinds, answer.panel.kind);
    write(get("records-more", HTMLElement), answer.panel.kind ? `${answer.panel.published} published; the newest first` : "no record yet");
    records.show(answer.panel);
  } else if (panel === "source") {
    write(get("source-file", HTMLElement), answer.panel.file || `choose a ${answer.of_records ? "record" : "function"}, then its source`);
    notice(state.file ? answer.panel.trouble || answer.notice : answer.notice);
    showSource(answer.panel);
  } else if (panel === "text") {
    picture.show(answer.panel);
  }
}

/**
 * Show a source file, and the line that was asked for when it is turned to.
 * @param {import("./types.js").Rows} shown
 */
function showSource(shown) {
  const place = `${state.row} ${state.file}`;
  const turned = place !== sourceAt && shown.total > 0;
  if (turned) sourceAt = place;
  source.show(shown, turned ? { at: Number(state.row) } : {});
}

/** @param {Answer} answer */
function head(answer) {
  const told = answer.told;
  write(get("who", HTMLElement), told.who);
  const status = get("status", HTMLElement);
  write(status, told.status);
  status.className = told.style;
  for (const id of ["sizes", "memory"]) get(id, HTMLElement).hidden = Boolean(answer.missing);
  get("facts", HTMLElement).hidden = Boolean(answer.missing) && !told.lossy;
  get("tools", HTMLElement).hidden = Boolean(answer.missing);
  write(get("sizes", HTMLElement), told.sizes);
  write(get("memory", HTMLElement), told.memory);
  write(get("where", HTMLElement), told.where);
  const losses = get("losses", HTMLElement);
  write(losses, told.losses);
  losses.className = told.lossy ? "warning" : "";
  list(get("tabs", HTMLElement), answer.tabs, tabButton, (button, tab) => {
    button.className = tab.state;
    button.dataset.id = tab.id;
    button.title = tab.state;
    button.setAttribute("aria-selected", String(tab.id === answer.tab));
    write(/** @type {Element} */ (button.lastElementChild), tab.name);
  });
  list(get("panels", HTMLElement), panelsOf(answer), panelButton, (button, [key, name, to]) => {
    button.dataset.key = key;
    button.title = key;
    write(button, name);
    const here = to.panel === state.panel && (to.panel !== "text" || to.text === state.text);
    button.setAttribute("aria-current", String(here));
  });
  if (state.panel === "help" && !answer.missing) helpWith(panelsOf(answer));
  const threads = [{ id: "0", name: "all threads" }, ...answer.threads];
  offer(get("thread", HTMLSelectElement), threads, state.thread);
  get("thread", HTMLElement).hidden = answer.threads.length === 0;
  get("pause", HTMLElement).setAttribute("aria-pressed", String(state.at !== "0"));
  get("since", HTMLElement).setAttribute("aria-pressed", String(state.since !== "0"));
  get("seeking", HTMLElement).hidden = !answer.replayed;
  const filter = get("filter", HTMLInputElement);
  if (document.activeElement !== filter) filter.value = state.filter;
  filter.disabled = !FILTERED.includes(state.panel) && !(state.panel === "series" && answer.of_records);
  get("chosen", HTMLElement).hidden = !answer.chosen;
  write(get("chosen-name", HTMLElement), answer.chosen?.name ?? "");
  get("chosen-source", HTMLButtonElement).disabled = !answer.chosen?.source;
}

/**
 * The panels that have something to show, the best one first.
 * @param {Answer} answer
 */
function panelsOf(answer) {
  if (answer.missing) return PANELS.filter(([key]) => key === "?");
  if (!answer.of_records) return PANELS.filter(([key]) => key !== "e");
  const keys = answer.of_lines ? "lme?" : "eml?";
  return Array.from(keys, (key) => PANELS.filter(([its]) => its === key)).flat();
}

/**
 * Leave keys of panels that are not offered out of the help.
 * @param {typeof PANELS} offered
 */
function helpWith(offered) {
  for (const key of document.querySelectorAll("#help dt")) {
    const panel = PANELS.find(([its]) => its === key.textContent);
    const hidden = panel !== undefined && !offered.includes(panel);
    for (const part of [key, key.nextElementSibling]) /** @type {HTMLElement} */ (part).hidden = hidden;
  }
}

function tabButton() {
  const button = make("button");
  button.setAttribute("role", "tab");
  button.append(make("span", "dot"), make("span"));
  button.addEventListener("click", () => turnTo(button.dataset.id ?? ""));
  return button;
}

/** @param {string} tab */
function turnTo(tab) {
  functions.home();
  // What was looked at closely is of the other session.
  const close = state.panel === "source" || (state.panel === "text" && state.text === "function");
  const panel = close ? DEFAULTS.panel : state.panel;
  change({ tab, panel, file: "", row: "0", thread: "0", function: "0", zoom: "", since: "0", at: "0", kind: "", x: "", y: "", from: "" });
}

function panelButton() {
  const button = make("button");
  button.addEventListener("click", () => shortcut(button.dataset.key ?? ""));
  return button;
}

/** @param {Answer} answer */
function offerBars(answer) {
  const values = [
    ["calls", "calls"],
    ["primitive", "primitive calls"],
    ["self", "self time"],
    ["cumulative", "cumulative time"],
    ["per_call", "time per call"],
    ["rate", "calls/s"],
    ["open", "open calls"],
  ].map(([id, name]) => ({ id: id ?? "", name: name ?? "" }));
  offer(get("bars-value", HTMLSelectElement), values, state.value);
  const orders = [
    { id: "greatest", name: "greatest first" },
    { id: "least", name: "least first" },
    { id: "name", name: "by name" },
  ];
  const order = state.sort === "name" ? "name" : state.descending === "1" ? "greatest" : "least";
  offer(get("bars-order", HTMLSelectElement), orders, order);
  return answer;
}

/** @param {import("./types.js").Series} shown */
function offerSeries(shown) {
  get("series-kinds", HTMLElement).hidden = shown.kinds.length < 2;
  offer(get("series-kind", HTMLSelectElement), shown.kinds, shown.kind);
  offer(get("series-y", HTMLSelectElement), shown.ys, shown.y);
  offer(get("series-x", HTMLSelectElement), shown.xs, shown.x);
  const follow = get("series-follow", HTMLInputElement);
  follow.checked = state.points !== "0";
  const points = get("series-points", HTMLInputElement);
  if (document.activeElement !== points && state.points !== "0") points.value = state.points;
}

/**
 * Ask the server to do something, and for its answer.
 * @param {string} path
 * @returns {Promise<any>}
 */
async function post(path) {
  const response = await fetch(path, { method: "POST" });
  return response.json();
}

async function keep() {
  const { kept } = await post(`keep?${new URLSearchParams({ tab: answered?.tab ?? "" })}`);
  return String(kept);
}

async function pause() {
  change({ at: state.at === "0" ? await keep() : "0", tab: answered?.tab ?? "" });
}

async function countFromNow() {
  change({ since: state.since === "0" ? await keep() : "0", tab: answered?.tab ?? "" });
}

/** @param {number} by seconds */
async function seek(by) {
  await post(`seek?${new URLSearchParams({ tab: answered?.tab ?? "", by: String(by) })}`);
  change({ at: "0", since: "0" });
  soon();
}

function reset() {
  functions.home();
  series.reset();
  bars.reset();
  get("filter", HTMLInputElement).value = "";
  const { tab, panel, text, file } = state;
  change({ ...DEFAULTS, tab, panel, text, file });
}

/** @param {string} key */
function shortcut(key) {
  const panel = PANELS.find(([its]) => its === key);
  /** @type {Record<string, () => void>} */
  const does = {
    p: () => void pause(),
    r: () => void countFromNow(),
    R: reset,
    a: () => change({ thread: "0" }),
    c: () => filterBy(""),
    d: () => state.function !== "0" && callersOf(state.function),
    "/": startFilter,
    "[": () => answered?.replayed && void seek(-10),
    "]": () => answered?.replayed && void seek(10),
  };
  if (panel && answered && !panelsOf(answered).includes(panel)) return false;
  if (key === "l" && answered?.chosen?.source) sourceOf(answered.chosen.source);
  else if (key === "l" && answered?.of_lines) change({ panel: "source", file: "", row: "0", from: "" });
  else if (panel) change({ ...panel[2], row: "0", from: "" });
  else does[key]?.();
  return Boolean(panel || does[key]);
}

/** Type a filter, of a panel that has one. */
function startFilter() {
  const filter = get("filter", HTMLInputElement);
  if (filter.disabled) change({ panel: answered?.of_records ? "records" : "functions", from: "" });
  filter.disabled = false;
  filter.focus();
}

/** @param {string} filter */
function filterBy(filter) {
  get("filter", HTMLInputElement).value = filter;
  functions.home();
  records.home();
  change({ filter });
}

/**
 * @param {string} id
 * @param {string} kind of event
 * @param {(value: string) => void} act
 */
function on(id, kind, act) {
  const element = get(id, HTMLElement);
  element.addEventListener(kind, () => act(/** @type {HTMLInputElement} */ (element).value));
}

on("filter", "input", filterBy);
on("thread", "change", (thread) => change({ thread, zoom: "" }));
on("pause", "click", () => void pause());
on("since", "click", () => void countFromNow());
on("reset", "click", reset);
on("back", "click", () => void seek(-10));
on("ahead", "click", () => void seek(10));
on("bars-value", "change", (value) => change({ value }));
on("bars-order", "change", (order) => {
  if (order === "name") change({ sort: "name", descending: "0" });
  else change({ sort: state.sort === "name" ? "self" : state.sort, descending: order === "greatest" ? "1" : "0" });
});
on("bars-reset", "click", () => {
  bars.reset();
  said = "";
  soon();
});
on("series-kind", "change", (kind) => change({ kind, x: "", y: "" }));
on("records-kind", "change", (kind) => change({ kind }));
on("series-y", "change", (y) => change({ y }));
on("series-x", "change", (x) => change({ x }));
on("series-follow", "change", () => {
  const points = get("series-points", HTMLInputElement);
  change({ points: get("series-follow", HTMLInputElement).checked ? points.value || DEFAULTS.points : "0" });
});
on("series-points", "change", (points) => {
  const number = Math.max(2, Math.min(2000, Math.round(Number(points)) || Number(DEFAULTS.points)));
  get("series-points", HTMLInputElement).value = String(number);
  change({ points: String(number) });
});
on("series-reset", "click", () => {
  series.reset();
  said = "";
  soon();
});
on("chosen-callers", "click", () => callersOf(state.function));
on("chosen-source", "click", () => sourceOf(answered?.chosen?.source ?? ""));
on("chosen-none", "click", () => change({ function: "0" }));

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape") {
    if (typing) /** @type {HTMLElement} */ (event.target).blur();
    else escape();
  } else if (!typing && shortcut(event.key)) event.preventDefault();
});
document.addEventListener("visibilitychange", () => document.hidden || soon());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  said = ""; // charts have colours of their own
  soon();
});
onChange(soon);
soon();
