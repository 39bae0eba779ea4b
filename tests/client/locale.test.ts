import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = join(__dirname, '../..');

const LANGUAGES = readdirSync(join(root, 'src/locale'))
  .map((file) => file.replace('.json', ''))
  .sort();

const read = (language: string) =>
  JSON.parse(readFileSync(join(root, 'src/locale', `${language}.json`), 'utf8')) as Record<string, string>;
const placeholders = (text: string) => (text.match(/\{\{[^{}]+\}\}/g) ?? []).sort();

/** Returns the keys that the browser code translates. Fails on a key that isn't a literal, since it can't be found. */
function usedKeys(): string[] {
  const folder = join(root, 'src/client-v2');
  const keys = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  )) {
    const source = ts.createSourceFile(file, readFileSync(join(folder, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && /^t(Expr)?$/.test(node.expression.text)) {
        const [key] = node.arguments;
        if (!ts.isStringLiteralLike(key)) {
          throw new Error(`${file}: the key of ${node.getText(source)} is not a literal`);
        }
        keys.add(key.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return [...keys].sort();
}

describe('the translations', () => {
  it('cover 17 languages', () => {
    expect(LANGUAGES).toHaveLength(17);
  });

  it.each(LANGUAGES)('have exactly the keys that the code uses: %s', (language) => {
    expect(Object.keys(read(language)).sort()).toEqual(usedKeys());
  });

  it.each(LANGUAGES)('are not empty and keep the placeholders: %s', (language) => {
    for (const [key, text] of Object.entries(read(language))) {
      expect(text.trim(), key).not.toBe('');
      expect(placeholders(text), key).toEqual(placeholders(key));
    }
  });

  it('equal their keys in English', () => {
    for (const [key, text] of Object.entries(read('en-US'))) {
      expect(text).toBe(key);
    }
  });

  it.each(LANGUAGES.filter((language) => language !== 'en-US'))(
    'are translated except for a few names: %s',
    (language) => {
      const same = Object.entries(read(language)).filter(([key, text]) => key === text && /[a-z]/.test(text));
      expect(same.length, JSON.stringify(same)).toBeLessThan(12);
    },
  );

  it.each(LANGUAGES.filter((language) => language !== 'en-US'))(
    'cover the display name and description of the plugin: %s',
    (language) => {
      const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>;
      expect(manifest[`displayName.${language}`]).toBeTruthy();
      expect(manifest[`description.${language}`]).toBeTruthy();
    },
  );
});
