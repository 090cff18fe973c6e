import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, isAppError } from '../../../shared/errors.ts'
import type { RunOptions } from '../../projects/run-options.ts'
import { fillWithSample, isUntouchedSample, requireSample } from '../../projects/sample.ts'
import type { Session } from '../../projects/session.ts'
import type { Studio } from './studio.ts'

const folderName = 'Exemplar Studio'
const projectName = 'Sample project'

/**
 * The sample project below `home`: the newest one if it is as it was made, else a new one under the next free name.
 * What somebody has begun is never touched.
 */
export async function openSample(studio: Studio, home: string, options: RunOptions): Promise<Session> {
  requireSample()
  const parent = join(home, folderName)
  const pathOf = (number: number): string => join(parent, number === 1 ? projectName : `${projectName} ${number}`)
  let number = 1
  while (existsSync(pathOf(number))) number++
  const untouched = number > 1 ? await openUntouched(studio, pathOf(number - 1)) : null
  if (untouched !== null) return untouched
  makeFolder(parent)
  const folder = pathOf(number)
  const session = await studio.create(folder, projectName)
  try {
    await fillWithSample(session, options)
    return session
  } catch (error) {
    await studio.closeSession(session.projectId)
    // Made by this call, and of no use half filled.
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** Null for a folder that is no project, is in use, cannot be opened, or has been worked on; it is closed again then. */
async function openUntouched(studio: Studio, folder: string): Promise<Session | null> {
  const openBefore = studio.openProjects()
  try {
    const session = await studio.open(folder)
    if (isUntouchedSample(session.store)) return session
    if (!openBefore.includes(session.projectId)) await studio.closeSession(session.projectId)
    return null
  } catch (error) {
    if (isAppError(error)) return null
    throw error
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw new AppError('Io', 'folderNotCreated', `The folder ${folder} could not be made; choose another place.`, {
      params: { path: folder },
      cause,
    })
  }
}
