// A table of any number of rows, of which only those in sight are there.

import { list, make, write } from "./dom.js";

/** @typedef {import("./types.js").Rows} Rows */

const MARGIN = 20; // rows beyond those in sight, so that scrolling shows no gap

export class RowsTable {
  /**
   * @param {Element} parent
   * @param {object} does
   * @param {(name: string) => void} [does.sort] a heading was pressed
   * @param {(id: string) => void} does.choose a row was clicked
   * @param {(id: string) => void} does.open a row was clicked twice, or Enter pressed on it
   * @param {() => void} does.scrolled other rows are in sight
   */
  constructor(parent, does) {
    this.does = does;
    this.at = -1; // place of the row that keys move from, unless the chosen one is there
    /** @type {string | undefined} */
    this.chosen = undefined;
    /** @type {Rows | null} */
    this.shown = null;
    this.room = make("div", "rows");
    this.room.tabIndex = 0;
    const table = make("table");
    this.heads = make("tr");
    this.body = make("tbody");
    this.above = spacer();
    this.below = spacer();
    const head = make("thead");
    head.append(this.heads);
    const first = make("tbody");
    first.append(this.above);
    const last = make("tbody");
    last.append(this.below);
    table.append(head, first, this.body, last);
    this.table = table;
    this.room.append(table);
    parent.append(this.room);
    this.room.addEventListener("scroll", () => this.scrolled());
    this.room.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event, this.does.choose));
    this.body.addEventListener("dblclick", (event) => this.click(event, this.does.open));
    new ResizeObserver(() => this.scrolled()).observe(this.room);
  }

  get rowHeight() {
    return 24;
  }

  /** Which rows are in sight, and some around them. */
  wanted() {
    const top = Math.floor(this.room.scrollTop / this.rowHeight);
    const first = Math.max(0, top - MARGIN);
    const seen = Math.ceil(this.room.clientHeight / this.rowHeight);
    return { first, count: Math.min(500, seen + 2 * MARGIN) };
  }

  scrolled() {
    if (!this.shown) return;
    const top = Math.floor(this.room.scrollTop / this.rowHeight);
    const last = Math.min(this.shown.total, top + Math.ceil(this.room.clientHeight / this.rowHeight));
    if (top < this.shown.first || last > this.shown.first + this.shown.rows.length) this.does.scrolled();
  }

  /** Where the row is that keys move from: rows change their places. */
  place() {
    const among = this.shown ? this.shown.rows.findIndex((row) => row.id === this.chosen) : -1;
    return this.shown && among >= 0 ? this.shown.first + among : this.at;
  }

  /** Look at the first row again. */
  home() {
    this.at = -1;
    this.room.scrollTop = 0;
  }

  /**
   * @param {number} place
   */
  lookAt(place) {
    this.at = place;
    const top = place * this.rowHeight;
    const room = this.room.clientHeight - 2 * this.rowHeight;
    if (top < this.room.scrollTop) this.room.scrollTop = top;
    else if (top > this.room.scrollTop + room) this.room.scrollTop = top - room;
  }

  /**
   * @param {Rows} rows
   * @param {{sort?: string, descending?: boolean, chosen?: string, at?: number}} [how] at: the place
   *   of a row to turn to
   */
  show(rows, how = {}) {
    this.shown = rows;
    if (how.at !== undefined) this.at = how.at;
    this.chosen = how.chosen;
    const chosenAt = this.place();
    this.table.setAttribute("aria-rowcount", String(rows.total + 1));
    list(this.heads, rows.columns, () => make("th"), (cell, column) => this.head(cell, column, how));
    height(this.above, rows.first * this.rowHeight);
    height(this.below, Math.max(0, rows.total - rows.first - rows.rows.length) * this.rowHeight);
    list(this.body, rows.rows, () => make("tr", "row"), (line, row, place) => {
      const at = rows.first + place;
      const chosen = at === chosenAt;
      line.className = chosen ? "row at" : "row";
      line.setAttribute("aria-rowindex", String(at + 2));
      if (chosen) line.setAttribute("aria-selected", "true");
      else line.removeAttribute("aria-selected");
      list(line, row.cells, () => make("td"), (cell, text, column) => {
        const kind = className(rows.columns[column]);
        if (cell.className !== kind) cell.className = kind;
        write(cell, text);
        if (cell.title !== "" || text.length > 30) cell.title = text.length > 30 ? text : "";
      });
    });
    // Only now there is the room to scroll in; with some of the rows before it.
    if (how.at !== undefined) this.room.scrollTop = how.at * this.rowHeight - this.room.clientHeight / 4;
  }

  /**
   * @param {HTMLElement} cell
   * @param {import("./types.js").Column} column
   * @param {{sort?: string, descending?: boolean}} how
   */
  head(cell, column, how) {
    cell.className = className(column);
    cell.title = column.meaning;
    cell.setAttribute("scope", "col");
    const sorted = how.sort === column.name;
    if (this.does.sort) cell.setAttribute("aria-sort", sorted ? (how.descending ? "descending" : "ascending") : "none");
    const mark = sorted ? (how.descending ? "▼ " : "▲ ") : "";
    if (!this.does.sort) {
      write(cell, column.title);
      return;
    }
    let button = /** @type {HTMLElement | null} */ (cell.firstElementChild);
    if (!button) {
      button = make("button");
      button.addEventListener("click", (event) => {
        this.does.sort?.(/** @type {HTMLElement} */ (event.currentTarget).dataset.name ?? "");
      });
      cell.append(button);
    }
    button.dataset.name = column.name;
    write(button, mark + column.title);
  }

  /**
   * @param {MouseEvent} event
   * @param {(id: string) => void} act
   */
  click(event, act) {
    const line = event.target instanceof Element ? event.target.closest("tr") : null;
    if (!line || !this.shown) return;
    const place = Array.from(this.body.children).indexOf(line);
    const row = this.shown.rows[place];
    if (!row) return;
    this.at = this.shown.first + place;
    this.chosen = row.id;
    act(row.id);
  }

  /**
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (!this.shown || event.target !== this.room) return;
    const page = Math.max(1, Math.floor(this.room.clientHeight / this.rowHeight) - 2);
    const last = this.shown.total - 1;
    const at = this.place();
    const from = at < 0 ? Math.ceil(this.room.scrollTop / this.rowHeight) - 1 : at;
    /** @type {Record<string, number>} */
    const to = { ArrowDown: from + 1, ArrowUp: from - 1, PageDown: from + page, PageUp: from - page, Home: 0, End: last };
    const target = to[event.key];
    const row = this.shown.rows[at - this.shown.first];
    if (target !== undefined) {
      this.lookAt(Math.max(0, Math.min(last, target)));
      const moved = this.shown.rows[this.at - this.shown.first];
      this.chosen = moved?.id;
      if (moved) this.does.choose(moved.id);
      this.does.scrolled();
    } else if (event.key === "Enter" && row) {
      this.does.open(row.id);
    } else return;
    event.preventDefault();
  }
}

/** @param {import("./types.js").Column | undefined} column */
function className(column) {
  return column ? `${column.name} ${column.number ? "number" : "wide"}` : "";
}

function spacer() {
  const line = make("tr", "spacer");
  line.append(make("td"));
  return line;
}

/**
 * @param {HTMLElement} line
 * @param {number} pixels
 */
function height(line, pixels) {
  line.style.height = `${pixels}px`;
}
