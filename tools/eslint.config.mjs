// What the page's scripts may not do; types and unused names are tsc's affair.

const markup = ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "write", "writeln"];

export default [
  {
    files: ["**/*.js"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "default-case-last": "error",
      eqeqeq: "error",
      "no-eval": "error",
      "no-implicit-coercion": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-param-reassign": "error",
      "no-promise-executor-return": "error",
      "no-restricted-properties": [
        "error",
        ...markup.map((property) => ({
          ...(property.startsWith("write") ? { object: "document" } : {}),
          property,
          message: "What a stranger sent must stay text: use textContent.",
        })),
      ],
      "no-script-url": "error",
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-unreachable": "error",
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
];
