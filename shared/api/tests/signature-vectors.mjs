// Writes signature-vectors.jsonl: what JavaScript itself makes of documents that are hard to read or to write. The same
// seed gives the same documents; the answers are Node's. To write them anew, from the repository's root:
//
//     node shared/api/tests/signature-vectors.mjs
//
// Each line is [raw, canonical] or [raw, canonical, signature]: a document, JSON.stringify(JSON.parse(raw)) or null if
// JSON.parse refuses it, and the signature of the canonical form under KEY.

import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const SEED = 20250213;
const ACCEPTED = 11_000;
const REFUSED = 2_500;
const SIGNED_EVERY = 50;
const KEY = 'a key for the tests';

// mulberry32: small, and the same everywhere.
let state = SEED;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
const below = (end) => Math.floor(random() * end);
const one = (choices) => choices[below(choices.length)];
const chance = (share) => random() < share;
const times = (count, make) => Array.from({ length: count }, make);

// Numbers

const EDGES = [
  '0', '-0', '0.0', '-0.0', '0e0', '-0e-0', '0e999999999999', '-0E+400', '1', '-1', '1.0', '1.50', '10e0', '1e0', '0.1',
  '0.3', '0.1e1', '100', '1E2', '1e+2', '1e-2', '123456789', '0.000001', '0.0000001', '1e-6', '1e-7', '1.5e-7', '123e-20',
  '1e20', '1e21', '1e22', '123456789012345678901', '99999999999999999999', '999999999999999999999', '1e23', '9e22',
  '9007199254740991', '9007199254740992', '9007199254740993', '9007199254740995', '-9007199254740993', '2147483648',
  '9223372036854775807', '9223372036854775808', '18446744073709551615', '18446744073709551616', '4294967295',
  '4294967296', '1.7976931348623157e308', '1.7976931348623158e308', '1.7976931348623159e308', '1e308', '1e309', '-1e309',
  '1e400', '-1E99999', '1e99999999999999999999', '1e-99999999999999999999', '5e-324', '4.9e-324', '2.5e-324', '1e-323',
  '2.4703282292062327e-324', '2.4703282292062328e-324', '2e-324', '-1e-400', '2.2250738585072014e-308',
  '2.2250738585072011e-308', '2.225073858507201e-308', '0.500000000000000166533453693773481063544750213623046875',
  '179769313486231580793e289', '3.141592653589793238462643383279', '5.0e-1', '8.41', '8.41E+21', '9.5e-3',
  '2.98023223876953125e-8', '1.0000000000000002', '1.00000000000000011102230246251565',
  '1.00000000000000011102230246251566', '0.1234567890123456789', '123456.789e3', `1${'0'.repeat(308)}`,
  `1${'0'.repeat(309)}`, `0.${'0'.repeat(323)}5`, `0.${'0'.repeat(400)}1`, '9'.repeat(400), `0.${'3'.repeat(900)}`,
  `${'1'.repeat(25)}.${'7'.repeat(25)}`, `9007199254740992.${'0'.repeat(800)}1`, `9007199254740993.${'0'.repeat(800)}1`,
  `9007199254740993.${'0'.repeat(800)}`,
];

const SHORT_EDGES = EDGES.filter((edge) => edge.length < 60);

const bits = new DataView(new ArrayBuffer(8));
function anyDouble() {
  bits.setUint32(0, below(2 ** 32));
  bits.setUint32(4, below(2 ** 32));
  const double = bits.getFloat64(0);
  return Number.isFinite(double) ? double : 0.5;
}
function closeTo(double) {
  bits.setFloat64(0, double);
  bits.setBigUint64(0, bits.getBigUint64(0) + BigInt(below(3)));
  return bits.getFloat64(0);
}
const digits = (count) => times(count, () => below(10)).join('');
const sign = () => one(['', '-']);

function number() {
  switch (below(9)) {
    case 0: return one(SHORT_EDGES);
    case 1: return String(anyDouble());
    case 2: return anyDouble().toExponential(one([undefined, 3, 17, 20]));
    case 3: return sign() + String(closeTo(10 ** (below(46) - 23)));
    case 4: return sign() + String(closeTo(2 ** (below(140) - 70)));
    case 5: return (random() * 10 ** below(25)).toPrecision(1 + below(21));
    case 6: return String(below(1000) - 500);
    case 7: return `${sign()}${1 + below(9)}${digits(below(24))}${one(['', `.${digits(1 + below(24))}`])}`;
    default: {
      const mantissa = `${sign()}${below(10)}${one(['', `.${digits(1 + below(6))}`])}`;
      return `${mantissa}${one(['e', 'E'])}${one(['', '+', '-'])}${one([below(30), below(340), digits(3)])}`;
    }
  }
}

// Texts

function hex(unit) {
  const plain = unit.toString(16).padStart(4, '0');
  return `\\u${one([plain, plain, plain.toUpperCase()])}`;
}
const high = () => hex(0xd800 + one([0, below(0x400), 0x3ff]));
const low = () => hex(0xdc00 + one([0, below(0x400), 0x3ff]));
const PLAIN = [
  'a', 'wallet', 'customer 7', "'", '/', '<!-- ', '\u007f', '\u0080', '\u009f', 'é', 'ß', '₩', '€', '日本', '\u2028',
  '\u2029', '\ufeff', '\u200b', '\ue000', '\uffff', '\ufffd', '\u{10000}', '😀', '\u{10ffff}', '{', '}', '[', ']', ',', ':',
];
const UNITS = [0x20, 0x22, 0x2f, 0x5c, 0x7f, 0x80, 0xe9, 0x2028, 0xd7ff, 0xe000, 0xfeff, 0xffff];

function piece() {
  switch (below(9)) {
    case 0: return one(['\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t']);
    case 1: return hex(below(0x20));
    case 2: return hex(one(UNITS));
    case 3: return one([high(), low()]);
    case 4: return high() + low();
    case 5: return one([low() + high(), high() + high() + low(), high() + low() + low()]);
    case 6: return high() + one(['\\n', '\\\\', '\\/', '😀', 'u', hex(0x41)]);
    default: return one(PLAIN);
  }
}
const text = () => `"${times(below(5), piece).join('')}"`;

const NAMES = [
  '', 'a', 'b', 'c', '\\u0061', 'customer_id', 'currency', '__proto__', '\\u005f_proto__', 'constructor', 'toString',
  'toJSON', 'length', 'hasOwnProperty', '0', '1', '2', '7', '10', '010', '00', '-0', '-1', '+1', '1.0', '1e3', ' 1', '1 ',
  '\\u0031', '99', '100', '4294967293', '4294967294', '4294967295', '4294967296', '2147483647', '2147483648', 'NaN',
  '9007199254740991', '9007199254740992', '18446744073709551616', 'Infinity', '\\ud83d', '\\ude00', '\\ud83d\\ude00', '😀',
  '\\ud83D', 'é', '\\u00e9', 'e\u0301', '１',
];
const name = () => (chance(0.85) ? `"${one(NAMES)}"` : chance(0.5) ? `"${below(400)}"` : text());

// Documents

const space = () => (chance(0.85) ? '' : one([' ', '\n', '\t', '\r', '\r\n  ', '  ']));
const list = (begin, items, end) => begin + space() + items.map((item) => item + space()).join(`,${space()}`) + end;
const member = (depth) => name() + space() + ':' + space() + value(depth);
const object = (members, depth) => list('{', times(members, () => member(depth - 1)), '}');
const array = (elements, depth) => list('[', times(elements, () => value(depth - 1)), ']');

function value(depth) {
  const kind = random();
  if (depth > 0 && kind < 0.3) return object(below(5), depth);
  if (depth > 0 && kind < 0.45) return array(below(4), depth);
  if (kind < 0.7) return number();
  if (kind < 0.93) return text();
  return one(['null', 'true', 'false']);
}

function any() {
  const shape = random();
  if (shape < 0.6) return space() + object(1 + below(5), 2) + space();
  if (shape < 0.99) return space() + value(3) + space();
  return object(30, 1);
}

const LAYERS = [['[', ']'], ['{"a":', '}'], ['[1,', ']'], ['{"1":0,"0":', '}'], ['{"0":', ',"b":-0}']];
function nested(depth) {
  const layers = times(depth, () => one(LAYERS));
  const ends = layers.map(([, end]) => end).reverse();
  return layers.map(([begin]) => begin).join('') + '1' + ends.join('');
}

// The vendor's own request, then what is easy to get wrong, each alone.
const CASES = [
  '{\n    "customer_id": "string",\n    "currency": "string",\n    "currency_list": [\n        "string"\n    ],\n' +
    '    "description": "string",\n    "webhook_url": "string"\n}',
  '{"b":1,"a":2,"1":3,"0":4}', '{"a":1,"b":2,"a":3}', '{"1":1,"0":2,"1":3}', '{"4294967295":1,"4294967294":2}',
  '{"__proto__":1,"a":2,"__proto__":{"b":3}}', '{"__proto__":null}', '{"01":1,"1":2}', '{"toJSON":1}', '{"":{"":""}}',
  '[]', '{}', '""', ' \t\r\n[ \t\r\n] \t\r\n', '{ }', '"\\ud83d\\ude00"', '"\\ude00\\ud83d"', '"\\uD83D"', '"\\/"',
  '"\u2028\u2029\u007f"', '{"\\ud800":1,"\\udc00":2,"\\uD800":3}', '{"a":[{"1":[],"0":{}}],"0":{"2":[{}],"1":null}}',
  ...EDGES,
  ...EDGES.map((edge) => `[${edge}]`),
  ...times(0x20, (_, unit) => `"\\u${unit.toString(16).padStart(4, '0')}"`),
  ...NAMES.map((each) => `{"z":0,"${each}":1,"3":2,"${each}":3}`),
  `{${times(400, (_, nth) => `"${(nth * 7919) % 997}":${nth}`).join(',')}}`,
  `{${times(200, (_, nth) => `"k${(nth * 31) % 120}":${nth}`).join(',')}}`,
  nested(50), nested(500), nested(1_000),
  '['.repeat(3_000) + ']'.repeat(3_000),
  '{"a":'.repeat(2_000) + '0' + '}'.repeat(2_000),
];

const NO_JSON = [
  '', ' ', '\ufeff{}', '\u00a0{}', '\u000b1', '\u000c1', '\u2028{}', '{} {}', '1 2', '[] ,', 'undefined', 'NaN', 'Infinity',
  '-Infinity', 'nul', 'nulll', 'True', 'TRUE', "'a'", '`a`', 'a', '{a:1}', "{'a':1}", '{"a"}', '{"a":}', '{"a" 1}',
  '{"a"::1}', '{:1}', '{,}', '{"a":1,}', '{,"a":1}', '{"a":1 "b":2}', '{"a":1,,"b":2}', '{1:1}', '{null:1}', '{"a":1',
  '{"a":1]', '{"a":[}', '{', '}', '[', ']', '[,]', '[1,]', '[,1]', '[1 2]', '[1,,2]', '[1}', '[1', '[[]', '[]]', '{}}', '"',
  '"a', 'a"', '"\\"', '"\\', '"\\a"', '"\\x41"', '"\\\'"', '"\\0"', '"\\u"', '"\\u1"', '"\\u12"', '"\\u123"', '"\\u123g"',
  '"\\u+123"', '"\\u-123"', '"\\u 123"', '"\\u{41}"', '"\\U0041"', '"\\ud83d\\u"', '"\\ud83d\\u+c00"', '"\\ud83d\\ude0"',
  '"\\ud83d\\', '"\\u00é"', '"\\u0é1"', '"\n"', '"\r"', '"\t"', '"\u0000"', '"\u001f"', '"\\\n"', '01', '00', '-01', '-',
  '+1', '--1', '- 1', '.5', '-.5', '1.', '-1.', '1.e5', '1e', '1e+', '1e-', '1E', '1e1.5', '1e+-5', '1e 5', 'e5', '.e5',
  '1.5.2', '1e5e5', '1-2', '1+2', '0x10', '0b1', '0o7', '1_000', '1n', '1f', '1d', '１', '٣', 'inf', 'nan', 'infinity', '-inf',
  '-nan', '1einf', '/**/1', '1//', '#1', '1;', '(1)', '[1]x', '{"a":1}\u0000', '\u0000', '"a"b', 'nullnull', 'true,',
  'falsetrue', 'null0', '0null', '-null', '-"1"', '["a":1]', '{"a",1}', '{["a"]:1}', '{"a":1}{"a":1}', '['.repeat(3_000),
  '['.repeat(20) + ']'.repeat(21),
];

// A slip of the finger: most of what comes out is no JSON any more, and what still is counts as a document.
const STROKES = ['', '', ...',:"\\{}[]0-+.e \n\u0001un\u00a0é'];
function typo(raw) {
  const at = below(raw.length + 1);
  return (raw.slice(0, at) + one(STROKES) + raw.slice(at + below(2))).toWellFormed();
}

function canonical(raw) {
  let parsed;
  try {
    parsed = JSON.parse(raw);
  } catch {
    return null;
  }
  return JSON.stringify(parsed);
}

const lines = new Map();
const counts = { accepted: 0, refused: 0 };
function add(raw) {
  const written = canonical(raw);
  const [kind, enough] = written === null ? ['refused', REFUSED] : ['accepted', ACCEPTED];
  if (lines.has(raw) || counts[kind] === enough) return;
  counts[kind] += 1;
  const line = [raw, written];
  if (kind === 'accepted' && counts.accepted % SIGNED_EVERY === 1) {
    line.push(createHmac('sha256', KEY).update(written).digest('hex'));
  }
  lines.set(raw, JSON.stringify(line));
}

CASES.forEach(add);
const surprise = NO_JSON.find((raw) => canonical(raw) !== null);
if (surprise !== undefined) throw new Error(`JSON.parse takes ${surprise}`);
NO_JSON.forEach(add);
while (counts.accepted < ACCEPTED || counts.refused < REFUSED) {
  const raw = any();
  add(raw);
  add(typo(raw));
}

writeFileSync(new URL('signature-vectors.jsonl', import.meta.url), `${[...lines.values()].join('\n')}\n`);
console.log(`${counts.accepted} documents, ${counts.refused} refused`);
