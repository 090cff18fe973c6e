import type { DataSet, Episode, EpisodeList } from './data-set.ts'
import { sample, seededRandom } from './random.ts'

const queriesPerClass = 10
const absentPerClass = 5
/** Smaller objects are left out of drawn lists, as in the frozen ones. */
const minimumAreaShare = 0.01

/** Draws episodes for classes with at least `shots + 1` images; every class gets the same number. */
export function drawEpisodes(
  dataSet: DataSet,
  shots: number,
  seed: number,
  classIds: readonly number[] | null,
): EpisodeList {
  const random = seededRandom(seed)
  const complete = [...dataSet.items.values()].filter((item) => !item.partial)
  const present: Episode[] = []
  const absent: Episode[] = []
  for (const classId of classIds ?? [...dataSet.classNames.keys()].filter((id) => id !== 0)) {
    const showing = complete.filter(
      (item) => (item.pixels.get(classId) ?? 0) >= minimumAreaShare * item.width * item.height,
    )
    if (showing.length < shots + 1) continue
    const names = showing.map((item) => item.name)
    for (const query of sample(names, queriesPerClass, random)) {
      present.push({
        classId,
        query,
        supports: sample(
          names.filter((name) => name !== query),
          shots,
          random,
        ),
      })
    }
    const without = complete.filter((item) => !item.pixels.has(classId)).map((item) => item.name)
    for (const query of sample(without, absentPerClass, random)) {
      absent.push({ classId, query, supports: sample(names, shots, random) })
    }
  }
  return { present, absent, source: `drawn, seed ${seed}` }
}
