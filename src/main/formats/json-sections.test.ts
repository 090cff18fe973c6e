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
