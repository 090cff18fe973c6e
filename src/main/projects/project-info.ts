import type { ProjectInfo } from '../../shared/contract/contract.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { changedExamples } from './learning.ts'

/** What the project holds, in numbers. */
export function projectInfo(store: ProjectStore): ProjectInfo {
  const images = store.images.counts()
  return {
    projectId: store.projectId,
    name: store.name(),
    location: store.folder,
    revision: store.revision(),
    images: { ...images },
    imageCount: Object.values(images).reduce((sum, each) => sum + each, 0),
    classes: store.classes
      .list()
      .map((each) => ({ ...each, unlearned: each.unlearned + changedExamples(store, each.id) })),
  }
}
