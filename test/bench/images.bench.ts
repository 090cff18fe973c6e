import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { thumbnailSize } from '../../src/shared/contract/media.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import { hashFile } from '../../src/main/images/read-images.ts'

/**
 * What a picture of 10,000 x 10,000 pixels costs on its way to the screen, beside bare sharp doing the same in this
 * process, and how much memory the codec process took at most. Prints, never judges.
 *
 *     node test/bench/images.bench.ts [side in pixels, else 10000]
 */

const side = Number(process.argv[2] ?? 10_000)
const folder = await mkdtemp(join(tmpdir(), 'exemplar-bench-'))
const codec = createCodec({ log: (line) => console.error(line) })
const path = join(folder, 'large.jpg')

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function line(name: string, milliseconds: number, reference?: number): void {
  const ratio = reference === undefined ? '' : `  ${(milliseconds / reference).toFixed(2)} x`
  console.log(`${name.padEnd(44)} ${milliseconds.toFixed(0).padStart(6)} ms${ratio}`)
}

/** Most bytes that a process had in memory; null where the system does not tell. */
function peakBytes(pid: number | null): number | null {
  const file = `/proc/${pid}/status`
  if (pid === null || !existsSync(file)) return null
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8')) ?? []
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

try {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 30 }
  await sharp({
    create: { width: side, height: side, channels: 3, background: '#808080', noise },
    limitInputPixels: false,
  })
    .jpeg({ quality: 80 })
    .toFile(path)
  const open = (): ReturnType<typeof sharp> => sharp(path, { sequentialRead: true })
  const decode = await timed(() => open().raw().toBuffer())
  const bareThumbnail = await timed(() => open().resize(thumbnailSize, thumbnailSize).jpeg().toBuffer())

  console.log(`${side} x ${side} pixels, JPEG`)
  line('bare sharp: every pixel', decode)
  line('bare sharp: thumbnail', bareThumbnail)
  line('import: hash', await timed(() => hashFile(path)), decode)
  line('import: decode to prove it whole', await timed(() => codec.probe(path)), decode)
  line('thumbnail', await timed(() => codec.thumbnail(path, thumbnailSize)), bareThumbnail)
  line('first tile seen (coarsest level)', await timed(() => codec.tile(path, 5, 0, 0)), decode)
  line('next tile of level 3', await timed(() => codec.tile(path, 3, 1, 1)), decode)
  line('first tile of level 0', await timed(() => codec.tile(path, 0, 9, 9)), decode)
  line('next tile of level 0', await timed(() => codec.tile(path, 0, 10, 9)), decode)
  line('pixels for the network (448 x 448)', await timed(() => codec.pixels(path, 448, 448)), bareThumbnail)
  const peak = peakBytes(codec.pid())
  const raw = side * side * 3
  console.log(
    peak === null
      ? 'peak memory of the codec process: not told by this system'
      : `peak memory of the codec process: ${(peak / 2 ** 20).toFixed(0)} MB, ${(peak / raw).toFixed(2)} x the picture as RGB`,
  )
} finally {
  await codec.close()
  await rm(folder, { recursive: true })
}
