import type { ProjectInfo } from '../../shared/contract/contract.ts'
import { setBrushDiameter, setTool } from '../features/editor/editor-view.ts'
import { preferences } from './preferences.ts'
import { setActiveClass, startTour } from './session.ts'

const firstClass = 'washer'
/** Width of the rings in the sample's first picture, in its pixels: once around is the whole washer. */
const ringWidth = 58

/** Lays out for the first minute what a person would otherwise have to find: class, tool, its size, and the tour. */
export function startSample(project: ProjectInfo): void {
  setActiveClass((project.classes.find((each) => each.name === firstClass) ?? project.classes[0])?.id ?? null)
  setTool('brush')
  setBrushDiameter(ringWidth)
  if (!preferences.getState().tourSeen) startTour()
}
