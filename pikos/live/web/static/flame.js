// The flame graph, on a canvas: bars that grow smoothly, told apart by the filter, zoomed into by a click.

import { get, write } from "./dom.js";
import { callsText, count, duration } from "./units.js";

/** @typedef {import("./types.js").Flame} Flame */
/** @typedef {{key: string, function: string, depth: number, begin: number, width: number, ns: number, calls: number, open: number}} Bar */

const HEIGHT = 20;
const GLIDE_MS = 180;
const COLOURS = 5;
const FADED = 0.35; // what the filter does not let through
/** The function that stands for calls that are in no full stack. */
const UNSTACKED = "-1";

export class FlameGraph {
  /**
   * @param {object} does
   * @param {(zoom: string) => void} does.zoom fill the width with a path of calls
   * @param {(id: string) => void} does.choose a function was chosen
   */
  constructor(does) {
    this.does = does;
    this.room = get("flame-room", HTMLElement);
    this.canvas = get("flame-canvas", HTMLCanvasElement);
    this.told = get("flame-told", HTMLElement);
    this.found = get("flame-found", HTMLElement);
    this.tip = get("tip", HTMLElement);
    /** @type {Bar[]} */
    this.bars = [];
    /** @type {Map<string, Bar>} */
    this.before = new Map();
    /** @type {Flame | null} */
    this.shown = null;
    this.chosen = "";
    this.begunAt = 0;
    this.due = false;
    /** @type {MouseEvent | null} */
    this.mouse = null;
    this.canvas.addEventListener("mousemove", (event) => this.point(event));
    this.canvas.addEventListener("mouseleave", () => this.point(null));
    this.canvas.addEventListener("click", (event) => this.click(event));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    get("flame-out", HTMLElement).addEventListener("click", () => this.out());
    get("flame-reset", HTMLElement).addEventListener("click", () => this.does.zoom(""));
    new ResizeObserver(() => this.draw()).observe(this.room);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Pixels that there are for the width of all, before it is seen for the first time, too. */
  get width() {
    return Math.max(1, this.room.clientWidth || document.body.clientWidth);
  }

  /** @param {Flame} flame */
  show(flame) {
    this.before = new Map(this.bars.map((bar) => [bar.key, this.placed(bar, performance.now())]));
    this.shown = flame;
    /** @type {Bar[]} */
    const bars = [];
    for (const [caller, name, begin, width, ns, calls, open] of flame.nodes) {
      const above = bars[caller];
      const key = above ? `${above.key}/${name}` : "";
      bars.push({ key, function: name, depth: above ? above.depth + 1 : 0, begin, width, ns, calls, open });
    }
    this.bars = bars;
    this.begunAt = performance.now();
    this.point(this.mouse);
    this.tell();
    this.draw();
  }

  /** Zoom out by one call. */
  out() {
    this.does.zoom((this.shown?.zoom ?? []).slice(0, -1).map((number) => `/${number}`).join(""));
  }

  /**
   * Where a bar is now, on its way from where it was.
   * @param {Bar} bar
   * @param {number} now
   * @returns {Bar}
   */
  placed(bar, now) {
    const from = this.before.get(bar.key);
    const part = Math.min(1, (now - this.begunAt) / GLIDE_MS);
    if (!from || part >= 1) return bar;
    const gone = 1 - (1 - part) ** 3;
    return {
      ...bar,
      begin: from.begin + (bar.begin - from.begin) * gone,
      width: from.width + (bar.width - from.width) * gone,
    };
  }

  /** Draw in the next frame. */
  draw() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame((now) => {
      this.due = false;
      this.paint(now);
      if (now - this.begunAt < GLIDE_MS) this.draw();
    });
  }

  /** @param {number} now */
  paint(now) {
    if (!this.shown || !this.room.clientWidth) return;
    const ratio = devicePixelRatio || 1;
    const deepest = this.bars.reduce((depth, bar) => Math.max(depth, bar.depth), 0);
    const width = this.width;
    const height = Math.max(this.room.clientHeight - 1, (deepest + 1) * HEIGHT);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    const style = getComputedStyle(document.documentElement);
    const colours = Array.from({ length: COLOURS }, (_, at) => style.getPropertyValue(`--flame-${at}`));
    const [ink, found, mark] = ["--flame-ink", "--found", "--mark"].map((name) => style.getPropertyValue(name));
    const matches = this.matches();
    for (const bar of this.bars) {
      const { begin, width: part } = this.placed(bar, now);
      const x = begin * width;
      const wide = part * width;
      if (wide < 0.3) continue;
      const y = bar.depth * HEIGHT;
      const name = this.shown.names[bar.function]?.[0] ?? "";
      pen.globalAlpha = matches && !matches.has(bar.key) ? FADED : 1;
      pen.fillStyle = (matches?.has(bar.key) ? found : colours[colour(name)]) ?? "";
      pen.fillRect(x, y, Math.max(0.5, wide - 1), HEIGHT - 1);
      pen.globalAlpha = 1;
      if (bar.key === this.chosen && bar.key) {
        pen.strokeStyle = mark ?? "";
        pen.lineWidth = 2;
        pen.strokeRect(x + 1, y + 1, Math.max(1, wide - 3), HEIGHT - 3);
      }
      if (wide > 30) {
        pen.fillStyle = ink ?? "";
        pen.fillText(fitted(pen, name, wide - 8), x + 4, y + HEIGHT / 2);
      }
    }
  }

  /** Keys of the bars that the filter lets through; null where there is none. */
  matches() {
    if (!this.shown?.fitting) {
      write(this.found, "");
      return null;
    }
    const fitting = new Set(this.shown.fitting);
    const keys = new Set();
    let ns = 0;
    for (const bar of this.bars) {
      if (!bar.key || !fitting.has(bar.function)) continue;
      const within = [...parents(bar.key)].some((key) => keys.has(key));
      if (!within) ns += bar.ns;
      keys.add(bar.key);
    }
    const share = this.shown.whole_ns ? (100 * ns) / this.shown.whole_ns : 0;
    write(this.found, `${count(keys.size)} ${keys.size === 1 ? "call passes" : "calls pass"} the filter: ${duration(ns)}, ${share.toFixed(1)} %`);
    return keys;
  }

  /**
   * @param {MouseEvent} event
   * @returns {Bar | undefined}
   */
  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const depth = Math.floor((event.clientY - box.top) / HEIGHT);
    return this.bars.find((bar) => bar.depth === depth && bar.begin <= x && x < bar.begin + bar.width);
  }

  /** @param {MouseEvent | null} event null where the mouse is elsewhere */
  point(event) {
    this.mouse = event;
    const bar = event && this.under(event);
    this.tip.hidden = !bar;
    if (!bar) return;
    write(this.tip, this.words(bar));
    const box = this.tip.getBoundingClientRect();
    this.tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - box.width - 8))}px`;
    this.tip.style.top = `${Math.max(4, Math.min(event.clientY + 16, innerHeight - box.height - 8))}px`;
  }

  /** @param {MouseEvent} event */
  click(event) {
    const bar = this.under(event);
    if (!bar) return;
    this.choose(bar);
    this.does.zoom(bar.key);
  }

  /** @param {Bar} bar */
  choose(bar) {
    this.chosen = bar.key;
    this.does.choose(bar.key ? bar.function : "0");
    this.tell();
    this.draw();
  }

  /** Say what the chosen call, or the whole, has cost. */
  tell() {
    const bar = this.bars.find((each) => each.key === this.chosen) ?? this.bars[0];
    const { more, deeper_than, folded, folded_ns } = this.shown ?? { more: false, deeper_than: 0, folded: 0, folded_ns: 0 };
    const left = [more ? "the narrowest calls are left out" : "", deeper_than ? `calls more than ${count(deeper_than)} deep are left out` : "", folded ? `${count(folded)} calls with ${duration(folded_ns)} are not in full stacks` : ""];
    const words = bar ? this.words(bar) : "no call has taken time yet";
    write(this.told, [words, ...left.filter(Boolean)].join(" · "));
  }

  /** @param {Bar} bar */
  words(bar) {
    const name = this.shown?.names[bar.function]?.[1] ?? "";
    const share = this.shown?.whole_ns ? (100 * bar.ns) / this.shown.whole_ns : 0;
    const calls = bar.key && bar.function !== UNSTACKED ? ` · ${callsText(bar.calls, bar.open)}` : "";
    return `${name}: ${duration(bar.ns)} · ${share.toFixed(1)} %${calls}`;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const bar = this.bars.find((each) => each.key === this.chosen) ?? this.bars[0];
    if (!bar) return;
    const beside = this.bars.filter((each) => each.depth === bar.depth);
    const at = beside.indexOf(bar);
    const below = this.bars.filter((each) => each.depth === bar.depth + 1 && each.key.startsWith(`${bar.key}/`));
    const widest = below.reduce((best, each) => (!best || each.width > best.width ? each : best), /** @type {Bar | undefined} */ (undefined));
    /** @type {Record<string, Bar | undefined>} */
    const to = {
      ArrowUp: this.bars.find((each) => each.key === bar.key.slice(0, bar.key.lastIndexOf("/"))),
      ArrowDown: widest,
      ArrowLeft: beside[at - 1],
      ArrowRight: beside[at + 1],
    };
    if (event.key in to) {
      const next = to[event.key];
      if (next) this.choose(next);
    } else if (event.key === "Enter") this.does.zoom(bar.key);
    else if (event.key === "Backspace") this.out();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * Keys of the callers of a call.
 * @param {string} key
 */
function* parents(key) {
  for (let at = key.lastIndexOf("/"); at > 0; at = key.lastIndexOf("/", at - 1)) yield key.slice(0, at);
}

/**
 * Choose by name, so that a function looks the same wherever it is.
 * @param {string} name
 */
function colour(name) {
  let sum = 0;
  for (let at = 0; at < name.length && at < 100; at += 1) sum += name.charCodeAt(at);
  return sum % COLOURS;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string} text
 * @param {number} width
 */
function fitted(pen, text, width) {
  const most = Math.ceil(width / 3);
  if (text.length <= most && pen.measureText(text).width <= width) return text;
  let length = Math.min(text.length, most);
  while (length > 0 && pen.measureText(`${text.slice(0, length)}…`).width > width) length -= Math.ceil(length / 12);
  return length > 0 ? `${text.slice(0, length)}…` : "";
}
