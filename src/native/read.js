// Makes the function that `compilePaths` gives: it unpacks what the native one found. The packing is described there.
((parse, stringify, define) => (read, names, run) => {
  const BITS = 7;
  const [NULL, TRUE, FALSE, DOUBLE, TEXT, JSON] = [1, 2, 3, 4, 6, 7];
  const SHORT_TEXT = 8;
  const SMALL_INTEGER = 72;
  // After as many bodies with the same keys a function is made for them, which takes as long as fifty bodies do without it.
  const OFTEN = 50;
  const double = new Float64Array(1);
  const bytes = new Uint8Array(double.buffer);

  // What is being unpacked, and where the next value begins.
  let found = '';
  let at = 0;
  const number = () => {
    let number = 0;
    for (let place = 0; place < 5; place++) number |= found.charCodeAt(at++) << (BITS * place);
    return number;
  };
  const text = (length) => {
    const start = at;
    at += length;
    return found.slice(start, at);
  };
  const next = () => {
    const head = found.charCodeAt(at++);
    if (head >= SMALL_INTEGER) return head - SMALL_INTEGER;
    if (head >= SHORT_TEXT) return text(head - SHORT_TEXT);
    if (head === NULL) return null;
    if (head === TRUE) return true;
    if (head === FALSE) return false;
    if (head === TEXT) return text(number());
    if (head === JSON) return parse(text(number()));
    if (head === DOUBLE) {
      for (let byte = 0; byte < 8; byte++) bytes[byte] = found.charCodeAt(at++);
      return double[0];
    }
    return number();
  };

  // Which paths had a value last, as the characters that say so, and how often: bodies of one sender mostly have the same.
  let present = names.filter((_, index) => index % BITS === 0).map(() => 0);
  let keys = [];
  let times = 0;
  const isChanged = () => {
    for (let index = 0; index < present.length; index++) {
      if (found.charCodeAt(index) !== present[index]) return true;
    }
    return false;
  };
  const change = () => {
    present = present.map((_, index) => found.charCodeAt(index));
    keys = names.filter((_, index) => (present[Math.floor(index / BITS)] >> (index % BITS)) & 1);
    times = 0;
  };
  const unpack = () => {
    const values = {};
    for (const key of keys) {
      // Set like the others it would become the prototype.
      if (key === '__proto__')
        define(values, key, { value: next(), writable: true, enumerable: true, configurable: true });
      else values[key] = next();
    }
    return values;
  };
  let unpackSame;
  // In brackets it is a key as any other.
  const literal = (key) => (key === '__proto__' ? `['__proto__']` : stringify(key));

  return (body) => {
    const given = read(body);
    if (typeof given !== 'string') return given;
    found = given;
    if (isChanged()) change();
    at = present.length;
    times++;
    // An object is written several times faster as a whole than key by key.
    if (times === OFTEN) unpackSame = run(`(next) => ({${keys.map((key) => `${literal(key)}: next()`).join(',')}})`);
    const values = times < OFTEN ? unpack() : unpackSame(next);
    found = '';
    return { ok: true, values };
  };
})(JSON.parse, JSON.stringify, Object.defineProperty);
