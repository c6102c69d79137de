// What the user has chosen: kept in the address, so that it can be reloaded, and handed on.

export const DEFAULTS = {
  tab: "",
  panel: "functions",
  text: "threads",
  sort: "self",
  descending: "1",
  filter: "",
  thread: "0",
  function: "0",
  row: "0",
  from: "",
  file: "",
  zoom: "",
  since: "0",
  at: "0",
  value: "self",
  kind: "",
  x: "",
  y: "",
  points: "500",
};

/** @typedef {typeof DEFAULTS} State */

/** @type {(() => void)[]} */
const listeners = [];

/** @type {State} */
export let state = read();

/** @returns {State} */
function read() {
  const said = new URLSearchParams(location.hash.slice(1));
  const names = /** @type {(keyof State)[]} */ (Object.keys(DEFAULTS));
  return /** @type {State} */ (Object.fromEntries(names.map((name) => [name, said.get(name) ?? DEFAULTS[name]])));
}

function tell() {
  for (const listener of listeners) listener();
}

/**
 * Choose something.
 * @param {Partial<State>} changes
 */
export function change(changes) {
  const before = state;
  state = { ...state, ...changes };
  const names = /** @type {(keyof State)[]} */ (Object.keys(DEFAULTS));
  if (names.every((name) => state[name] === before[name])) return;
  const said = names.filter((name) => state[name] !== DEFAULTS[name]).map((name) => [name, state[name]]);
  const hash = `#${new URLSearchParams(said)}`;
  // What leads elsewhere can be gone back from.
  if (state.panel !== before.panel || state.text !== before.text || state.tab !== before.tab) {
    history.pushState(null, "", hash);
  } else {
    history.replaceState(null, "", hash);
  }
  tell();
}

/**
 * Be told whenever something is chosen.
 * @param {() => void} listener
 */
export function onChange(listener) {
  listeners.push(listener);
}

window.addEventListener("popstate", () => {
  state = read();
  tell();
});
