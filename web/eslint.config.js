// Only rules that catch mistakes; layout is left to the editor.
import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "src/generated", "public"] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  hooks.configs.flat["recommended-latest"],
  // The two rules that are off serve the React compiler, which is not used: an effect may create what it also closes.
  { rules: { "react-hooks/set-state-in-effect": "off", "react-hooks/incompatible-library": "off" } },
  { rules: { "no-console": "error", eqeqeq: "error" } },
);
