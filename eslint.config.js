// What `make lint` holds JavaScript to, beyond the layout (prettier) and the types (tsc).

import js from "@eslint/js";
import globals from "globals";
import { untranslated } from "./scripts/untranslated.js";

/** The modules of the trading page, which speak to people in their language. */
const PAGE = [
  "trading_page/static/trading/**/*.js",
  "charting/static/**/*.js",
  "account_panel/static/**/*.js",
];

/** Held in every file, as ruff and the architecture test hold Python. */
const rules = {
  "array-callback-return": "error",
  "consistent-return": "error",
  curly: ["error", "multi-line"],
  "default-case-last": "error",
  eqeqeq: "error",
  "max-lines": ["error", 600],
  "max-lines-per-function": ["error", 70],
  "no-alert": "error",
  "no-constructor-return": "error",
  "no-else-return": ["error", { allowElseIf: true }],
  "no-eval": "error",
  "no-implicit-coercion": "error",
  "no-implied-eval": "error",
  "no-lonely-if": "error",
  "no-new-func": "error",
  "no-promise-executor-return": "error",
  "no-return-assign": "error",
  "no-self-compare": "error",
  "no-shadow": "error",
  "no-throw-literal": "error",
  "no-unmodified-loop-condition": "error",
  "no-unreachable-loop": "error",
  "no-unused-expressions": "error",
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
  "no-useless-concat": "error",
  "no-useless-rename": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
  "prefer-object-spread": "error",
  "prefer-promise-reject-errors": "error",
  "prefer-rest-params": "error",
  "prefer-spread": "error",
  "prefer-template": "error",
  radix: "error",
};

export default [
  { ignores: ["**/.*/", "var/", "**/*.d.ts"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  { rules },
  {
    files: ["*/static/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: { "no-console": "error" },
  },
  {
    files: PAGE,
    ignores: ["trading_page/static/trading/early.js"],
    plugins: { texts: { rules: { untranslated } } },
    rules: { "texts/untranslated": "error" },
  },
  // Times are in the page's language and time zone, numbers in its format.
  {
    files: PAGE,
    ignores: ["**/times.js", "**/numbers.js"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "MemberExpression[object.name='Intl'][property.name=/^(DateTime|Number)Format$/]",
          message: "Use timeFormat of times.js, or the functions of numbers.js",
        },
        {
          selector: "CallExpression[callee.property.name=/^toLocale(Date|Time)?String$/]",
          message: "Use timeFormat of times.js, or the functions of numbers.js",
        },
      ],
    },
  },
  // The clients of the streams run in Node as well.
  {
    files: ["*/static/streams/*.js"],
    languageOptions: { globals: globals["shared-node-browser"] },
  },
  // Scripts that a page loads without being modules.
  {
    files: ["*/static/backoffice/*.js", "*/static/trading/early.js"],
    languageOptions: { sourceType: "script", globals: { ...globals.browser, Chart: "readonly" } },
  },
  {
    files: ["examples/**/*.mjs", "tests/**/*.mjs"],
    languageOptions: { globals: globals.node },
  },
];
