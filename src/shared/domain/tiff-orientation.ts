/** Gives `length` bytes of a file from `position` on, fewer where it ends. */
export type ReadBytes = (position: number, length: number) => Promise<Uint8Array>

/** The orientation that a TIFF states for its first page. */
export interface TiffOrientation {
  /** 1 to 8; anything else means "as stored", too. */
  readonly value: number
  /** Where the value stands in the file, in bytes. */
  readonly position: number
  /** What stands there in a file that is read as it is stored: orientation 1 in the file's own order of bytes. */
  readonly asStored: Uint8Array
}

const orientationTag = 274
/** Bytes of a value, by the type of its field: BYTE, SHORT, LONG, and the same with a sign, which libtiff and Pillow take too. */
const lengths: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4 }
/** At most this many entries of a directory are looked at: they are sorted, and the tag is among the first. */
const maxEntries = 256

/** Null for what is no TIFF, classic or with 64-bit offsets (BigTIFF), or states no orientation. */
export async function tiffOrientation(read: ReadBytes): Promise<TiffOrientation | null> {
  const head = viewOf(await read(0, 16))
  if (head.byteLength < 8) return null
  const order = head.getUint16(0)
  if (order !== 0x4949 && order !== 0x4d4d) return null
  const isLittle = order === 0x4949
  const version = head.getUint16(2, isLittle)
  if (version !== 42 && version !== 43) return null
  const isBig = version === 43
  if (isBig && head.byteLength < 16) return null
  const directory = isBig ? Number(head.getBigUint64(8, isLittle)) : head.getUint32(4, isLittle)
  if (!Number.isSafeInteger(directory)) return null
  const countLength = isBig ? 8 : 2
  const counted = viewOf(await read(directory, countLength))
  if (counted.byteLength < countLength) return null
  const count = isBig ? Number(counted.getBigUint64(0, isLittle)) : counted.getUint16(0, isLittle)
  const [entryLength, valueAt] = isBig ? [20, 12] : [12, 8]
  const first = directory + countLength
  const entries = viewOf(await read(first, entryLength * Math.min(maxEntries, count)))
  for (let entry = 0; entry + entryLength <= entries.byteLength; entry += entryLength) {
    if (entries.getUint16(entry, isLittle) !== orientationTag) continue
    const length = lengths[entries.getUint16(entry + 2, isLittle)]
    if (length === undefined) return null
    const asStored = new Uint8Array(length)
    asStored[isLittle ? 0 : length - 1] = 1
    const at = entry + valueAt
    const value =
      length === 1
        ? entries.getUint8(at)
        : length === 2
          ? entries.getUint16(at, isLittle)
          : entries.getUint32(at, isLittle)
    return { value, position: first + at, asStored }
  }
  return null
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
