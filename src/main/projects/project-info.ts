import type { ProjectInfo } from '../../shared/contract/contract.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { changedExamples } from './learning.ts'

/**
 * What the project holds, in numbers. `modelHash` is that of the model in use, null where it cannot be told: a class whose
 * version another one made must learn again.
 */
export function projectInfo(store: ProjectStore, modelHash: string | null = null): ProjectInfo {
  const images = store.images.counts()
  return {
    projectId: store.projectId,
    name: store.name(),
    location: store.folder,
    revision: store.revision(),
    images: { ...images },
    imageCount: Object.values(images).reduce((sum, each) => sum + each, 0),
    classes: store.classes.list().map((each) => ({
      ...each,
      unlearned: each.unlearned + changedExamples(store, each.id),
      learnAgain: modelHash !== null && (store.versions.current(each.id)?.modelHash ?? modelHash) !== modelHash,
    })),
  }
}
