// Makes the function that `compilePaths` gives: it unpacks what the native one found. The packing is described there.
((parse, stringify) => (read, names) => {
  const header = names.length * 6;
  // An object with the keys that were found last; bodies of one sender mostly have the same. A copy of it with other values
  // is made several times faster than an object that gets key by key, and it has `__proto__` as an own key where wanted.
  let template = {};
  let present = names.map(() => false);
  const double = new Float64Array(1);
  const bytes = new Uint8Array(double.buffer);
  const changed = (found) => {
    for (let index = 0; index < present.length; index++) {
      if ((found.charCodeAt(index * 6) !== 0) !== present[index]) return true;
    }
    return false;
  };
  const prepare = (found) => {
    present = names.map((_, index) => found.charCodeAt(index * 6) !== 0);
    const keys = names.filter((_, index) => present[index]);
    template = parse(`{${keys.map((key) => `${stringify(key)}:null`).join(',')}}`);
    // V8 keeps what kind of value a key had; one that had all kinds may have any without another layout of the object.
    for (const key of keys) for (const value of [0, 0.5, '', null]) template[key] = value;
  };
  return (body) => {
    const found = read(body);
    if (typeof found !== 'string') return found;
    if (changed(found)) prepare(found);
    const values = { ...template };
    for (let index = 0, head = 0, at = header; head < header; index++, head += 6) {
      const kind = found.charCodeAt(head);
      if (kind === 0) continue;
      const number =
        found.charCodeAt(head + 1) |
        (found.charCodeAt(head + 2) << 7) |
        (found.charCodeAt(head + 3) << 14) |
        (found.charCodeAt(head + 4) << 21) |
        (found.charCodeAt(head + 5) << 28);
      let value = null;
      if (kind === 1) value = found.slice(at, (at += number));
      else if (kind === 2) value = number;
      else if (kind === 3) {
        for (let byte = 0; byte < 8; byte++) bytes[byte] = found.charCodeAt(at++);
        value = double[0];
      } else if (kind === 4) value = true;
      else if (kind === 5) value = false;
      else if (kind === 7) value = parse(found.slice(at, (at += number)));
      values[names[index]] = value;
    }
    return { ok: true, values };
  };
})(JSON.parse, JSON.stringify);
