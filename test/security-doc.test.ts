import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { flips } from '../scripts/security-flips.ts'

const root = join(import.meta.dirname, '..')
const document = readFileSync(join(root, 'docs', 'security.md'), 'utf8')
const linked = [...document.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path = '']) => path)

test('docs/security.md links to tests that are there', () => {
  expect(linked.length).toBeGreaterThan(30)
  expect(linked.filter((path) => !existsSync(join(root, path)))).toEqual([])
})

test('each flip names one place of a file that is there, and tests that the document links to', () => {
  expect(flips.length).toBeGreaterThan(100)
  for (const { kind, name, file, from, to, tests } of flips) {
    const where = `${kind}: ${name}`
    expect([where, readFileSync(join(root, file), 'utf8').split(from).length]).toEqual([where, 2])
    expect([where, from === to]).toEqual([where, false])
    expect([where, tests.length > 0 && tests.every((path) => existsSync(join(root, path)))]).toEqual([where, true])
    if (kind !== 'fuse') expect([where, tests.filter((path) => !linked.includes(path))]).toEqual([where, []])
  }
})

test('no two flips are the same', () => {
  const changes = flips.map(({ file, from, to }) => JSON.stringify([file, from, to]))
  expect(new Set(changes).size).toBe(changes.length)
})
