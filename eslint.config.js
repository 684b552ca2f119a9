// Lints the chat page's scripts; `make check` runs it.
import js from "@eslint/js";
import globals from "globals";

export default [
  { ignores: ["**/.venv/", "build/"] },
  js.configs.recommended,
  {
    files: ["handlers/web/static/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: globals.browser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: { eqeqeq: "error", "no-var": "error", "prefer-const": "error" },
  },
  { files: ["handlers/web/static/theme.js"], languageOptions: { sourceType: "script" } },
];
