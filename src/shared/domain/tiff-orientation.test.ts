import { expect, test } from 'vitest'
import { tiffOrientation } from './tiff-orientation.ts'
import type { TiffOrientation } from './tiff-orientation.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(text.split(' '), (byte) => parseInt(byte, 16))
const orientationOf = (file: Uint8Array): Promise<TiffOrientation | null> =>
  tiffOrientation((position, length) => Promise.resolve(file.subarray(position, position + length)))

const classic = {
  little: '49 49 2a 00 08 00 00 00 01 00',
  big: '4d 4d 00 2a 00 00 00 08 00 01',
}

test.each([
  ['SHORT', `${classic.little} 12 01 03 00 01 00 00 00 06 00 00 00`, 6, 18, '01 00'],
  ['SHORT', `${classic.big} 01 12 00 03 00 00 00 01 00 06 00 00`, 6, 18, '00 01'],
  ['LONG', `${classic.little} 12 01 04 00 01 00 00 00 08 00 00 00`, 8, 18, '01 00 00 00'],
  ['LONG', `${classic.big} 01 12 00 04 00 00 00 01 00 00 00 08`, 8, 18, '00 00 00 01'],
  ['SSHORT', `${classic.big} 01 12 00 08 00 00 00 01 00 06 00 00`, 6, 18, '00 01'],
  ['SLONG', `${classic.little} 12 01 09 00 01 00 00 00 05 00 00 00`, 5, 18, '01 00 00 00'],
  ['SBYTE', `${classic.little} 12 01 06 00 01 00 00 00 03 00 00 00`, 3, 18, '01'],
  ['BYTE', `${classic.big} 01 12 00 01 00 00 00 01 03 00 00 00`, 3, 18, '01'],
  [
    'SHORT of a BigTIFF',
    '49 49 2b 00 08 00 00 00 10 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 12 01 03 00 01 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00',
    5,
    36,
    '01 00',
  ],
  [
    'SHORT of a BigTIFF',
    '4d 4d 00 2b 00 08 00 00 00 00 00 00 00 00 00 10 00 00 00 00 00 00 00 01 01 12 00 03 00 00 00 00 00 00 00 01 00 05 00 00 00 00 00 00',
    5,
    36,
    '00 01',
  ],
])('a %s is read and can be changed in place: %s', async (_type, file, value, position, asStored) => {
  const bytes = hex(file)
  expect(await orientationOf(bytes)).toEqual({ value, position, asStored: hex(asStored) })
  bytes.set(hex(asStored), position)
  expect(await orientationOf(bytes)).toMatchObject({ value: 1 })
  // Whatever is missing at the end, nothing is made up.
  for (let length = 0; length < position; length++) expect(await orientationOf(bytes.subarray(0, length))).toBeNull()
})

test.each([
  ['no TIFF', '89 50 4e 47 0d 0a 1a 0a 00 00 00 0d 49 48 44 52'],
  ['another version', '49 49 2c 00 08 00 00 00 01 00 12 01 03 00 01 00 00 00 06 00 00 00'],
  ['no such entry', `${classic.little} 13 01 03 00 01 00 00 00 06 00 00 00`],
  ['a text', `${classic.little} 12 01 02 00 01 00 00 00 06 00 00 00`],
  ['a place that no file has', '49 49 2b 00 08 00 00 00 ff ff ff ff ff ff ff ff'],
])('%s states no orientation', async (_what, file) => {
  expect(await orientationOf(hex(file))).toBeNull()
})
