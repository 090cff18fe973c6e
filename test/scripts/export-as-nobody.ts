import { finalPath } from '../../src/main/formats/export-owners.ts'
import { rehearseDataSet, writeDataSet } from '../../src/main/formats/registry.ts'
import { exportSource, quiet } from '../python/export-samples.ts'
import { cocoSpec } from '../support/export-spec.ts'
import { indexPngCodec } from '../python/index-png-codec.ts'
import { classes, masks } from '../support/export-sources.ts'

/** Exports one picture as YOLO, or rehearses it, and prints the report or what the system refused: `HOW FOLDER ORIGINAL`. */
const nobody = 65_534
const [, , how = '', folder = '', path = ''] = process.argv
// Nothing is forbidden to root. The program has been read by now: its own folder may be closed to others.
if (process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setgid?.(nobody)
  process.setuid?.(nobody)
}
const run = how === 'rehearse' ? rehearseDataSet : writeDataSet
const source = exportSource([{ name: 'a.jpg', width: 3, height: 2, masks, path }], classes)
try {
  const spec = { ...cocoSpec, format: 'yolo', include: 'all', images: 'copy' } as const
  console.log(JSON.stringify(await run(source, folder, spec, indexPngCodec, quiet)))
} catch (error) {
  if (!(error instanceof Error && 'path' in error && 'code' in error)) throw error
  console.log(JSON.stringify({ code: error.code, path: finalPath(String(error.path)) }))
}
