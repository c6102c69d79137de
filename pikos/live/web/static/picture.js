// One of the terminal's panels: lines of text, parts of which can be pressed.

import { get, list, make } from "./dom.js";

/** @typedef {import("./types.js").Picture} Picture */
/** @typedef {import("./types.js").Line} Line */

/** @type {Record<string, string>} */
const KEYS = { ArrowUp: "up", ArrowDown: "down", PageUp: "pageup", PageDown: "pagedown", Home: "home", End: "end", Enter: "enter" };

const WIDE = 8; // pixels of a character, where none is drawn yet

export class PictureView {
  /** @param {(key: string) => void} press something was pressed */
  constructor(press) {
    this.press = press;
    this.room = get("picture", HTMLElement);
    /** @type {Picture} */
    this.shown = { lines: [], keys: {} };
    this.room.addEventListener("click", (event) => {
      const part = event.target instanceof HTMLElement ? event.target.closest("[data-key]") : null;
      if (part instanceof HTMLElement && part.dataset.key) this.press(part.dataset.key);
    });
    this.opening = false; // whether the row that was clicked twice is still to come as the chosen one
    this.room.addEventListener("dblclick", () => (this.opening = true));
    this.room.addEventListener("keydown", (event) => {
      const name = KEYS[event.key];
      const key = name && this.shown.keys[name];
      if (!key) return;
      this.press(key);
      event.preventDefault();
    });
  }

  /** Columns of text that there is room for. */
  get columns() {
    const probe = make("span", "", "0".repeat(50));
    this.room.append(probe);
    const wide = probe.getBoundingClientRect().width / 50;
    probe.remove();
    const room = (this.room.clientWidth || document.body.clientWidth) - 28;
    return Math.max(40, Math.min(400, Math.floor(room / (wide || WIDE))));
  }

  /** @param {Picture} picture */
  show(picture) {
    const before = this.shown.lines;
    this.shown = picture;
    if (this.opening && picture.keys.enter) this.press(picture.keys.enter);
    this.opening = false;
    list(this.room, picture.lines, () => make("div", "line"), (element, line, place) => {
      if (JSON.stringify(before[place]) !== JSON.stringify(line) || !element.childNodes.length) fill(element, line);
    });
  }
}

/**
 * @param {HTMLElement} element
 * @param {Line} line
 */
function fill(element, line) {
  element.className = `line ${line.style}`;
  if (line.key) element.dataset.key = line.key;
  else delete element.dataset.key;
  const text = Array.from(line.text); // as the server counts characters
  /** @type {(Node | string)[]} */
  const parts = [];
  let at = 0;
  for (const [begin, end, style, key] of line.spans) {
    parts.push(text.slice(at, begin).join(""));
    const part = make("span", style === line.style ? "" : style, text.slice(begin, end).join(""));
    if (key) part.dataset.key = key;
    parts.push(part);
    at = end;
  }
  parts.push(text.slice(at).join(""));
  element.replaceChildren(...parts);
}
