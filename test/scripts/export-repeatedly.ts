import { writeDataSet } from '../../src/main/formats/registry.ts'
import { isAppError } from '../../src/shared/errors.ts'
import { quiet } from '../python/export-samples.ts'
import { indexPngCodec } from '../python/index-png-codec.ts'
import { numbered, vocWithPictures } from '../support/numbered-source.ts'

/**
 * Exports two data sets in turn into one folder and prints a line after each: `FOLDER ORIGINAL [ROUNDS]`, without a number
 * until it is killed. Does what the error says where another process exports other pictures meanwhile: exports again.
 */
const [, , folder = '', original = '', rounds = 'Infinity'] = process.argv
for (let round = 0; round < Number(rounds); round++) {
  const source = numbered(round % 2 === 0 ? 0 : 15, 30, original)
  for (let isDone = false; !isDone;) {
    try {
      await writeDataSet(source, folder, vocWithPictures, indexPngCodec, quiet)
      isDone = true
    } catch (error) {
      if (!isAppError(error) || error.key !== 'exportDisturbed') throw error
    }
  }
  console.log('exported')
}
