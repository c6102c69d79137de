// Writes numbers for people, as the server does.

export const MIB = 1 << 20;

/**
 * @param {number} ns
 * @returns {string}
 */
export function duration(ns) {
  const size = Math.abs(ns);
  if (size < 1e3) return `${ns.toFixed(0)} ns`;
  if (size < 1e6) return `${(ns / 1e3).toFixed(1)} µs`;
  if (size < 1e9) return `${(ns / 1e6).toFixed(1)} ms`;
  const seconds = ns / 1e9;
  if (size < 36e12) return `${seconds.toFixed(Math.abs(seconds) < 100 ? 3 : 1)} s`;
  return size < 864e13 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86400).toFixed(0)} d`;
}

/**
 * @param {number} number
 * @returns {string}
 */
export function count(number) {
  return number.toLocaleString("en", { maximumFractionDigits: 0 });
}

/**
 * How many calls there were; those that are still open are told apart.
 * @param {number} returned
 * @param {number} opened
 * @returns {string}
 */
export function callsText(returned, opened) {
  if (!returned && opened) return `${count(opened)} open ${opened === 1 ? "call" : "calls"}`;
  const text = `${count(returned)} ${returned === 1 ? "call" : "calls"}`;
  return opened ? `${text} + ${count(opened)} open` : text;
}

/**
 * A number that has a unit, as a chart shows it: bytes in MiB, times in ms, or in s where they are long.
 * @param {string} unit
 * @param {boolean} [long]
 * @returns {{scale: number, name: string}}
 */
export function scaled(unit, long = false) {
  if (unit === "ns" && long) return { scale: 1e-9, name: "s" };
  if (unit === "bytes") return { scale: 1 / MIB, name: "MiB" };
  if (unit === "ns") return { scale: 1e-6, name: "ms" };
  return { scale: 1, name: unit };
}
