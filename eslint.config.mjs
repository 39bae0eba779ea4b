// What neither the compiler nor prettier sees. TypeScript is linted with its types.
import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import { defineConfig } from 'eslint/config';
import ts from 'typescript-eslint';

export default defineConfig(
  // The addon's loader and its types are generated, the latter with `src/native/header.d.ts` at their head.
  { ignores: ['.nocobase/', 'dist/', 'target/', 'fuzz/target/', 'index.js', 'index.d.ts', 'src/native/header.d.ts'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  { files: ['**/*.{js,mjs,cjs}'], languageOptions: { globals: globals.node } },
  {
    files: ['**/*.{ts,tsx,mts}'],
    extends: [ts.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // Much of NocoBase's own interface is typed `any`.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // A function is async where its caller takes a promise, whether it waits for something or not.
      '@typescript-eslint/require-await': 'off',
      // Buttons and NocoBase's events take a function that returns a promise, and have no use for the promise.
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { arguments: false, attributes: false } },
      ],
      // Functions of an object literal, which are declared like methods but use no `this`, are taken out of it.
      '@typescript-eslint/unbound-method': 'off',
      // It takes for unnecessary what gives a literal or a tuple its type.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      // `const { left, ...rest }` leaves a property out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
    },
  },
  { files: ['src/client-v2/**'], extends: [hooks.configs.flat['recommended-latest']] },
);
