// What the server answers, as the other files know it; nothing in here runs.

/**
 * @typedef {object} Choice
 * @property {string} id what the server calls it
 * @property {string} name what people call it
 *
 * @typedef {object} Column
 * @property {string} name
 * @property {string} title
 * @property {string} meaning
 * @property {boolean} number whether its cells are set to the right
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string[]} cells
 *
 * @typedef {object} Rows
 * @property {string} [trouble] why there are none
 * @property {Column[]} columns
 * @property {number} total how many rows there would be
 * @property {number} first place of the first one
 * @property {Row[]} rows
 *
 * @typedef {object} Bars
 * @property {string} [trouble]
 * @property {number} total
 * @property {string} unit
 * @property {string} title
 * @property {{id: string, name: string, value: number}[]} bars
 *
 * @typedef {[number, string, number, number, number, number, number]} Node
 * place of the caller (-1 for none), function, begin, width (parts of the whole), ns, calls that
 * have returned, open calls
 *
 * @typedef {object} Flame
 * @property {string[]} zoom functions from the outermost to the one that fills the width
 * @property {Node[]} nodes callers first
 * @property {Record<string, [string, string]>} names of each function: short, in full
 * @property {string[] | null} fitting functions that the filter lets through; null without one
 * @property {number} whole_ns
 * @property {boolean} more whether calls were left out
 * @property {number} deeper_than calls deeper than this were left out; 0 if none were
 * @property {number} folded calls that are in no full stack
 * @property {number} folded_ns their self time
 *
 * @typedef {object} Series
 * @property {Choice[]} kinds types of records
 * @property {string} kind
 * @property {Choice[]} xs
 * @property {Choice[]} ys
 * @property {string} x
 * @property {string} y
 * @property {string} unit
 * @property {string} x_unit
 * @property {number} origin the first x that is kept, where it is a time; else 0
 * @property {string[]} fields
 * @property {number} total
 * @property {(number | string)[][]} points of each x, y, and the values of all fields
 *
 * @typedef {object} RecordRows
 * @property {Choice[]} kinds
 * @property {string} kind
 * @property {string} published
 *
 * @typedef {object} SourceRows
 * @property {string} file
 * @property {string} trouble
 *
 * @typedef {object} Line
 * @property {string} text
 * @property {string} style
 * @property {string} key what a click on it means
 * @property {[number, number, string, string][]} spans begin, end, style, key
 *
 * @typedef {object} Picture
 * @property {Line[]} lines
 * @property {Record<string, string>} keys
 *
 * @typedef {object} Answer
 * @property {{id: string, name: string, state: string}[]} tabs
 * @property {string} tab
 * @property {boolean} of_records
 * @property {boolean} of_lines whether the records are a line monitor's
 * @property {boolean} recorded whether there is any record
 * @property {string} busiest the line to turn to first, as LINE FILE; empty if a file was chosen
 * @property {string} missing why there is nothing to see yet; empty if there is something
 * @property {boolean} replayed
 * @property {{who: string, status: string, style: string, where: string, sizes: string,
 *   losses: string, lossy: boolean, memory: string}} told
 * @property {Choice[]} threads
 * @property {{name: string, source: string} | null} chosen
 * @property {string} notice
 * @property {any} panel
 */

export {};
