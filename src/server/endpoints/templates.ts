/**
 * What NocoBase's `parse` reads as a template. NocoBase still decides what it means, including defaults and functions; only the
 * inserting is done here. `parse` does it with `String.replace`, which reads `$&` in a value as a pattern and finds
 * the next template in a value that was just inserted.
 */
const TEMPLATE = /\{\{[\w\s:\-+.,@/()?=*$]+\}\}/g;

const ENV_TEMPLATE = /^\{\{\s*\$env\./;

/** Returns the value of a template that is in the text at `path`. */
type Insert = (template: string, path: string) => unknown;

/**
 * Fills the templates in every string of a value, keys included. A string that is one template becomes its value; in a longer
 * one the value's text is inserted. What is inserted is data: it is not looked at again.
 */
export function fill(value: unknown, insert: Insert, path = ''): unknown {
  if (typeof value === 'string') {
    return fillText(value, insert, path);
  }
  const below = (name: string | number) => (path ? `${path}.${name}` : String(name));
  if (Array.isArray(value)) {
    return value.map((item, index) => fill(item, insert, below(index)));
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, item]) => [textOf(fillText(key, insert, path)), fill(item, insert, below(key))]),
    );
  }
  return value;
}

/**
 * Fills the templates in a value, looking all of them up at once.
 *
 * @param resolve returns the values of templates, in their order
 */
export function fillFrom(value: unknown, resolve: (templates: string[]) => unknown[]): unknown {
  const templates = templatesIn(value);
  if (!templates.length) {
    return value;
  }
  const values = resolve(templates);
  return fill(value, (template) => values[templates.indexOf(template)]);
}

/** Returns the templates in a value, each once. */
export function templatesIn(value: unknown): string[] {
  const found = new Set<string>();
  fill(value, (template) => found.add(template));
  return [...found];
}

/** Where in a value there is a `{{` that begins no `{{$env.NAME}}`. */
export function strayIn(value: unknown, path = ''): string[] {
  if (typeof value === 'string') {
    const rest = value.replace(TEMPLATE, (template) => (isEnv(template) ? ' ' : template));
    return rest.includes('{{') ? [path] : [];
  }
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([name, item]) => strayIn(item, path ? `${path}.${name}` : name));
}

/** Whether a template reads one of NocoBase's variables and secrets. */
export function isEnv(template: string): boolean {
  return ENV_TEMPLATE.test(template);
}

function fillText(text: string, insert: Insert, path: string): unknown {
  const whole = text.match(TEMPLATE)?.[0] === text;
  return whole ? insert(text, path) : text.replace(TEMPLATE, (template) => textOf(insert(template, path)));
}

/**
 * Returns a value as part of a text: as NocoBase writes it, but an object as its JSON. `String` of an object says nothing about it,
 * and throws for one such as `{ "toString": 1 }`, which a request can hold.
 */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (value instanceof Date) {
    return value.toISOString();
  }
  if (Array.isArray(value)) {
    return value.map(textOf).join(',');
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean | bigint);
}
