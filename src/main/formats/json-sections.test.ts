import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { readJsonSections } from './json-sections.ts'

async function read(text: string, wanted: readonly string[]): Promise<unknown[]> {
  using folder = temporaryFolder()
  const path = writeSample(folder.path, 'file.json', text)
  const pieces: unknown[] = []
  for await (const { section, kind, value } of readJsonSections(path, new Set(wanted))) {
    pieces.push(kind === 'array' ? `${section}[` : [section, value])
  }
  return pieces
}

test('values come one by one, whatever is in their strings', async () => {
  const text =
    '{"a": [1, "x]},\\"[", {"b": [2, {}]}, [], null],\n "none": [ ], "v": {"k": "}"}, "s": "q", "n": -1.5e3 }'
  expect(await read(text, ['a', 'none', 'v', 's', 'n'])).toEqual([
    'a[',
    ['a', 1],
    ['a', 'x]},"['],
    ['a', { b: [2, {}] }],
    ['a', []],
    ['a', null],
    'none[',
    ['v', { k: '}' }],
    ['s', 'q'],
    ['n', -1500],
  ])
  expect(await read('{}', [])).toEqual([])
})

test('pieces that lie across the borders of what is read at once stay whole', async () => {
  const texts = Array.from({ length: 3000 }, (_, index) => `${'é'.repeat(index % 500)}"${index}`)
  const pieces = await read(JSON.stringify({ texts }), ['texts'])
  expect(pieces).toEqual(['texts[', ...texts.map((text) => ['texts', text])])
})

test('sections that nobody wants are passed over', async () => {
  expect(await read('{"a": [1, 2], "b": [3]}', ['b'])).toEqual(['a[', 'b[', ['b', 3]])
})

test('whole numbers that JavaScript would round become text and stay as they are within text', async () => {
  const text =
    '{"a": [{"id": 1152921504606846977, "b": [-9007199254740993,9007199254740991, 0.12345678901234567]}, "9007199254740993", 1000000000000000000000000000000e0]}'
  expect(await read(text, ['a'])).toEqual([
    'a[',
    ['a', { id: '1152921504606846977', b: ['-9007199254740993', 9007199254740991, 0.12345678901234566] }],
    ['a', '9007199254740993'],
    ['a', 1e30],
  ])
})

test('strings of any length and escapes without end stay as they are, beside numbers that become text', async () => {
  const long = 'x'.repeat(40_000_000)
  const slashes = '\\"'.repeat(200_000)
  const text = `{"a": [{"id": 1152921504606846977, "nan": NaN, "long": "${long}", "s": ${JSON.stringify(slashes)}}]}`
  const [, element] = await read(text, ['a'])
  const [, value] = element as [string, Record<string, unknown>]
  expect(value['id']).toBe('1152921504606846977')
  expect(value['nan']).toBe(null)
  expect(value['long'] === long && value['s'] === slashes).toBe(true)
})

test('a value nested deeper than the stack is read', async () => {
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000)
  expect((await read(`{"a": [${deep}, 7]}`, ['a'])).at(-1)).toEqual(['a', 7])
})

test('an entry beyond all measure is passed over and told, and what nobody wants has any length', async () => {
  using folder = temporaryFolder()
  const path = join(folder.path, 'file.json')
  const text = 'x'.repeat(1 << 24)
  writeFileSync(path, '{"info": "')
  for (let i = 0; i < 5; i++) appendFileSync(path, text)
  appendFileSync(path, '", "a": [1,\n "')
  for (let i = 0; i < 5; i++) appendFileSync(path, text)
  appendFileSync(path, '", 2]}')
  const pieces: unknown[] = []
  for await (const { kind, value } of readJsonSections(path, new Set(['a']))) pieces.push([kind, value])
  expect(pieces).toEqual([
    ['array', null],
    ['element', 1],
    ['tooLong', 'it begins at line 2, column 2, and has more than 67108864 characters. Write it shorter.'],
    ['element', 2],
  ])
})

test('NaN and Infinity, which Python writes, become null and stay text within text', async () => {
  expect(await read('{"a": [[NaN, -Infinity, "NaN"]]}', ['a'])).toEqual(['a[', ['a', [null, null, 'NaN']]])
})

test.each([
  ['', 1, 1],
  ['{"a": [1, 2', 1, 12],
  ['{"a": [1,\n  {"b": oops}]}', 2, 3],
  ['{"a": [1 2]}', 1, 8],
  ['{"a": [1,]}', 1, 10],
  ['{"a" [1]}', 1, 6],
  ['{"a": [1]} x', 1, 12],
  ['{a: 1}', 1, 2],
  ['"text"', 1, 1],
])('%j is refused with the place', async (text, line, column) => {
  await expect(read(text, ['a'])).rejects.toThrow(`is not valid JSON at line ${line}, column ${column}.`)
})

test('a results file is told from an instances file', async () => {
  await expect(read('[{"image_id": 1}]', [])).rejects.toThrow('is a results file')
})
