import { writeDataSet } from '../../src/main/formats/registry.ts'
import { quiet } from '../python/export-samples.ts'
import { indexPngCodec } from '../python/index-png-codec.ts'
import { numbered, vocWithPictures } from '../support/numbered-source.ts'

/** Exports two data sets in turn into one folder until it is killed: `node export-until-killed.ts FOLDER ORIGINAL`. */
const [, , folder = '', original = ''] = process.argv
for (let round = 0; ; round++) {
  const source = numbered(round % 2 === 0 ? 0 : 15, 30, original)
  await writeDataSet(source, folder, vocWithPictures, indexPngCodec, quiet)
  if (round === 0) console.log('ready')
}
