import { join } from 'node:path'
import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { expect, test } from 'vitest'
import { fingerprintHeight, fingerprintOf, fingerprintWidth, nearDuplicateGroups } from './near-duplicates.ts'
import type { Fingerprint } from './near-duplicates.ts'

const pictures = join(import.meta.dirname, '../../../sample/images')
const names = Array.from({ length: 12 }, (_, index) => `workbench-${String(index + 1).padStart(2, '0')}.jpg`)

async function look(picture: Sharp): Promise<Fingerprint> {
  const small = picture.resize(fingerprintWidth, fingerprintHeight, { fit: 'fill', kernel: 'linear' })
  return fingerprintOf(await small.toColourspace('srgb').removeAlpha().raw().toBuffer())
}

test('a picture made smaller, compressed or lighter is near its original, and to no other one', async () => {
  const fingerprints = new Map<string, Fingerprint>()
  for (const name of names) {
    const path = join(pictures, name)
    fingerprints.set(name, await look(sharp(path)))
    const changed = {
      half: sharp(path).resize(400).jpeg({ quality: 90 }),
      poor: sharp(path).jpeg({ quality: 30 }),
      lighter: sharp(path).modulate({ brightness: 1.06 }).png(),
      webp: sharp(path).webp({ quality: 60 }),
    }
    for (const [how, picture] of Object.entries(changed)) {
      fingerprints.set(`${name} ${how}`, await look(sharp(await picture.toBuffer())))
    }
  }
  const groups = await nearDuplicateGroups(fingerprints, new AbortController().signal)
  for (const name of names) {
    for (const how of ['half', 'poor', 'lighter', 'webp']) expect(groups.get(`${name} ${how}`)).toBe(groups.get(name))
  }
  expect(new Set(groups.values()).size).toBe(names.length)
}, 60_000)

test('groups join along chains, and only what differs in up to 51 of 256 bits', async () => {
  const ones = (count: number): Fingerprint =>
    Uint32Array.from({ length: 8 }, (_, at) => 2 ** Math.min(32, Math.max(0, count - at * 32)) - 1)
  const groups = await nearDuplicateGroups(
    new Map([
      ['0', ones(0)],
      ['51', ones(51)],
      ['102', ones(102)],
      ['154', ones(154)],
      ['0 again', ones(0)],
      ['154 again', ones(154)],
    ]),
    new AbortController().signal,
  )
  expect(groups.get('51')).toBe(groups.get('0'))
  expect(groups.get('102')).toBe(groups.get('0'))
  expect(groups.get('0 again')).toBe(groups.get('0'))
  expect(groups.get('154')).not.toBe(groups.get('0'))
  expect(groups.get('154 again')).toBe(groups.get('154'))
})
