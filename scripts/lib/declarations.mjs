// The last step of `npm run build:native`: sorts the declarations that napi-rs writes into two sections, what `server.d.ts` gives
// to plugin authors and what only the server uses. napi-rs sorts by name alone, with everything written by hand at the head.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './paths.mjs';

const file = join(root, 'index.d.ts');

const parse = (path) => ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);

const isExport = (statement) => ts.isExportDeclaration(statement) && statement.exportClause;
const exported = new Set(
  parse(join(root, 'server.d.ts'))
    .statements.filter(isExport)
    .flatMap(({ exportClause }) => exportClause.elements.map(({ name }) => name.text)),
);

const source = parse(file);
const nameOf = (statement) => (statement.name ?? statement.declarationList.declarations[0].name).text;
const isValue = (statement) => !ts.isInterfaceDeclaration(statement) && !ts.isTypeAliasDeclaration(statement);
const [intro] = /^(\/\* .*\n)+/.exec(source.text);
const declarations = source.statements.map((statement, index) => {
  const text = source.text.slice(statement.getFullStart(), statement.end);
  return {
    name: nameOf(statement),
    isValue: isValue(statement),
    text: (index ? text : text.replace(intro, '')).trim(),
  };
});

const missing = [...exported].filter((name) => !declarations.some((declaration) => declaration.name === name));
if (missing.length > 0) throw new Error(`expected index.d.ts to declare all of server.d.ts, but found no ${missing}`);

const line = '─'.repeat(3);
const section = (title, members) =>
  [
    `// ${line} ${title} ${line}`,
    ...members.filter(({ isValue }) => isValue),
    ...members.filter(({ isValue }) => !isValue),
  ]
    .map((member) => member.text ?? member)
    .join('\n\n');
const authors = declarations.filter(({ name }) => exported.has(name));
const server = declarations.filter(({ name }) => !exported.has(name));
writeFileSync(file, `${intro}\n${section('For plugin authors', authors)}\n\n${section('For the server', server)}\n`);
