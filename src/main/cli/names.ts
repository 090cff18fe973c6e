import type { ImageRecord } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import type { ProjectStore } from '../store/store-port.ts'

/** Images by their names in the project (`sub/a.jpg`). Throws `NotFound` for the first that is not there. */
export function imagesByName(store: ProjectStore, names: readonly string[]): ImageRecord[] {
  return names.map((name) => {
    const image = store.images.byName(name)
    if (image !== undefined) return image
    throw new AppError(
      'NotFound',
      'imageNotFound',
      `There is no image "${name}" in this project. "exemplar info" tells how many there are; names are paths below the folder that was added.`,
      {
        params: { name },
      },
    )
  })
}
