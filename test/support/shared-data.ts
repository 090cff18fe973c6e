import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readDataSet } from '../../src/main/evaluate/data-set.ts'
import type { DataSet, DataSetItem } from '../../src/main/evaluate/data-set.ts'

/** Real photographs with masks, beside the checkout where there are any. `EXEMPLAR_DATA` names another place. */
const folder = process.env['EXEMPLAR_DATA'] ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data')

export type DataSetName = 'ccp' | 'coco_small'

export function hasData(name: DataSetName): boolean {
  return existsSync(join(folder, name, 'manifest.json'))
}

export const noDataReason = `no photographs in ${folder}: set EXEMPLAR_DATA to the folder that holds ccp and coco_small`

export function openData(name: DataSetName): DataSet {
  return readDataSet(join(folder, name))
}

/** Images on which the class covers at least that share, largest first; partly labelled ones left out. */
export function itemsWith(dataSet: DataSet, classId: number, minimumShare: number): DataSetItem[] {
  const share = (item: DataSetItem): number => (item.pixels.get(classId) ?? 0) / (item.width * item.height)
  return [...dataSet.items.values()]
    .filter((item) => !item.partial && share(item) >= minimumShare)
    .toSorted((a, b) => share(b) - share(a))
}
