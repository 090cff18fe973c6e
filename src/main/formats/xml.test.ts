import fc from 'fast-check'
import { appendFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { escapeXml, readXml, xmlChild } from './xml.ts'
import type { XmlElement } from './xml.ts'

async function read(content: string | Uint8Array, ...wanted: string[]): Promise<XmlElement[]> {
  using folder = temporaryFolder()
  const path = writeSample(folder.path, 'a.xml', content)
  const elements: XmlElement[] = []
  for await (const { element } of readXml(path, new Set(wanted))) elements.push(element)
  return elements
}

test('elements come by their path, whole, with text, attributes and line', async () => {
  const text = `<?xml version="1.0"?>
<a><meta x="1"/><b id="7">
 one &amp; <![CDATA[<two>]]>
  <c><b>deep</b></c><c/>
</b><d><b>elsewhere</b></d><b/></a>`
  const [first, second, ...rest] = await read(text, 'a/b')
  expect(rest).toEqual([])
  expect(first).toMatchObject({ name: 'b', text: 'one & <two>', line: 2 })
  expect(first?.attributes['id']).toBe('7')
  expect(first?.children.map(({ name, line }) => [name, line])).toEqual([
    ['c', 4],
    ['c', 4],
  ])
  expect(first && xmlChild(first, 'c')?.children[0]?.text).toBe('deep')
  expect(second).toMatchObject({ text: '', children: [], line: 5 })
})

test('any text comes back, as text and as attribute, whatever the size of the file', async () => {
  const character = fc.oneof(
    fc.constantFrom('<', '>', '&', '"', "'", '\t', '\n', '\r', ' ', ']]>', 'Ä', '漢', '𝄞'),
    fc.string({ maxLength: 1 }),
  )
  const anyText = fc.array(character, { maxLength: 20 }).map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(fc.array(anyText, { maxLength: 5 }), async (texts) => {
      const items = texts.map((each) => `<i at="${escapeXml(each)}">|${escapeXml(each)}|</i>`)
      const found = await read(`<r>${items.join('')}</r>`, 'r/i')
      const held = texts.map((each) =>
        each.toWellFormed().replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD'),
      )
      expect(found.map(({ text }) => text)).toEqual(held.map((each) => `|${each}|`))
      expect(found.map(({ attributes }) => attributes['at'])).toEqual(held)
    }),
    { numRuns: 60 },
  )
  const many = Array.from({ length: 20_000 }, (_, index) => `<i n="${index}">ä漢𝄞</i>`).join('\n')
  const found = await read(`<r>${many}</r>`, 'r/i')
  expect(found.every(({ attributes, text }, index) => attributes['n'] === String(index) && text === 'ä漢𝄞')).toBe(true)
  expect(found).toHaveLength(20_000)
})

test('UTF-16 with its mark, a declared encoding, UTF-8 with a mark', async () => {
  const utf16 = Buffer.from('\uFEFF<?xml version="1.0" encoding="UTF-16"?><r>Schraube ß</r>', 'utf16le')
  const latin = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><r>Schraube ß</r>', 'latin1')
  for (const bytes of [utf16, utf16.subarray().swap16(), latin, Buffer.from('\uFEFF<r>Schraube ß</r>')]) {
    expect((await read(bytes, 'r'))[0]?.text).toBe('Schraube ß')
  }
})

test.each([
  ['<r><a></r>', /a\.xml is not valid XML at line 1, column 10 \(unexpected close tag\)\. Correct it there/],
  ['<r>\n<a', /at line 2, column 2 \(unclosed tag: r\)/],
  ['', /\(document must contain a root element\)/],
  ['just text', /is not valid XML at line 1/],
  ['<r a="1" a="2"/>', /duplicate attribute/],
  ['<?xml version="1.0" encoding="nonsense"?><r/>', /the encoding nonsense is unknown/],
  [Buffer.from([0x3c, 0x72, 0x3e, 0xff, 0x3c]), /bytes that are not utf-8\. Save it as UTF-8/],
])('%j is refused with its place', async (content, message) => {
  await expect(read(content, 'r')).rejects.toThrow(message)
})

test('what a DOCTYPE declares is neither fetched nor expanded', async () => {
  using folder = temporaryFolder()
  const secret = writeSample(folder.path, 'secret.txt', 'SECRET')
  const external = `<!DOCTYPE r [<!ENTITY x SYSTEM "file://${secret}">]><r>&x;</r>`
  await expect(read(external, 'r')).rejects.toThrow(/undefined entity/)
  const laughs = `<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>`
  await expect(read(laughs, 'r')).rejects.toThrow(/undefined entity/)
  // Declared and not used: nothing to expand, so nothing to refuse.
  expect((await read(`<!DOCTYPE r [<!ENTITY x SYSTEM "file://${secret}">]><r>ok</r>`, 'r'))[0]?.text).toBe('ok')
})

test('a text beyond all measure is refused with its place', async () => {
  using folder = temporaryFolder()
  const path = writeSample(folder.path, 'a.xml', '<a><b/>\n<b c="')
  const text = 'x'.repeat(1 << 24)
  for (let i = 0; i < 9; i++) appendFileSync(path, text)
  appendFileSync(path, '"/></a>')
  const read = async () => {
    let count = 0
    for await (const _ of readXml(path, new Set(['a/b']))) count++
    return count
  }
  await expect(read()).rejects.toThrow(/a\.xml is not valid XML at line 2, column \d+ \(a text has more than 134217728/)
})
