// Finds and fills elements; text is only ever put in as text.

/**
 * @template {Element} E
 * @param {string} id
 * @param {{new (): E}} type
 * @returns {E}
 */
export function get(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`no ${type.name} #${id}`);
  return found;
}

/**
 * Put in text, if it is news.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/**
 * Make as many children as there are things, and fill each in place: focus stays where it is.
 * @template T
 * @param {Element} parent
 * @param {T[]} things
 * @param {() => HTMLElement} create
 * @param {(child: HTMLElement, thing: T, place: number) => void} fill
 */
export function list(parent, things, create, fill) {
  while (parent.childElementCount > things.length) parent.lastElementChild?.remove();
  while (parent.childElementCount < things.length) parent.append(create());
  things.forEach((thing, place) => fill(/** @type {HTMLElement} */ (parent.children[place]), thing, place));
}

/**
 * Offer choices.
 * @param {HTMLSelectElement} select
 * @param {import("./types.js").Choice[]} choices
 * @param {string} chosen
 */
export function offer(select, choices, chosen) {
  const known = Array.from(select.options, (option) => `${option.value}\n${option.textContent}`).join("\0");
  if (known !== choices.map((choice) => `${choice.id}\n${choice.name}`).join("\0")) {
    select.replaceChildren(...choices.map((choice) => new Option(choice.name, choice.id)));
  }
  if (select.value !== chosen && document.activeElement !== select) select.value = chosen;
}
