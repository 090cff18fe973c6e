import { dirname } from 'node:path'
import type { ContractHandlers } from '../../../shared/contract/contract.ts'
import { AppError } from '../../../shared/errors.ts'
import { recogniseDataSet } from '../../formats/recognise.ts'
import { formats } from '../../formats/registry.ts'
import { mergeClass, removeClasses } from '../../projects/class-removal.ts'
import { acceptProposals, sayNotHere, setReviewed } from '../../projects/review.ts'
import { projectInfo } from '../../projects/project-info.ts'
import { productVersion, programFolder } from '../../projects/paths.ts'
import { hasSample } from '../../projects/sample.ts'
import type { Session } from '../../projects/session.ts'
import type { Spawner } from '../../processes/spawner.ts'
import { addModel, listModels, requireModel } from '../models.ts'
import type { NativeDialogs } from '../native-dialogs.ts'
import type { Places } from '../places.ts'
import type { PreferencesStore } from '../preferences.ts'
import { configurationFolder } from '../recent.ts'
import type { RecentProjects } from '../recent.ts'
import { openSample } from './sample.ts'
import type { Studio } from './studio.ts'

export interface HandlerOptions {
  /** Null where there is no window of our own. */
  readonly dialogs: NativeDialogs | null
  readonly spawner?: Spawner | undefined
  readonly log: (line: string) => void
}

/** The contract's handlers over the open projects: translation only, every decision is in `projects/`. */
export function createHandlers(
  studio: Studio,
  places: Places,
  recent: RecentProjects,
  preferences: PreferencesStore,
  { dialogs, spawner, log }: HandlerOptions,
): ContractHandlers {
  const opened = async (session: Session): Promise<ReturnType<typeof projectInfo>> => {
    const info = projectInfo(session.store, await studio.modelHash())
    recent.add({ folder: session.store.folder, name: info.name })
    return info
  }
  return {
    app: {
      info: () => ({
        version: productVersion(),
        folders: { program: programFolder(), configuration: configurationFolder() },
        nativeDialogs: dialogs !== null,
        open: studio.openProjects(),
        hasSample: hasSample(),
        recent: recent.list(),
      }),
    },
    preferences: {
      get: () => preferences.get(),
      set: (change) => {
        if (change.predictor !== undefined) requireModel(change.predictor)
        return preferences.set(change)
      },
    },
    models: {
      list: async () => ({ models: await listModels() }),
      add: async ({ placeId }, { signal }) => {
        const added = await addModel(places.resolve(placeId), { log, spawner, signal })
        return { added, models: await listModels() }
      },
    },
    devices: {
      list: () => studio.devices.list(),
      check: (_none, context) => studio.devices.check(context),
    },
    places: {
      list: ({ placeId, files }) => places.list(placeId, files),
      createFolder: ({ placeId, name }) => places.createFolder(placeId, name),
      choose: async ({ purpose }) => {
        if (dialogs === null) throw noSystemDialog()
        return { places: (await dialogs.choose(purpose)).map((path) => places.grant(path)) }
      },
      beside: ({ projectId }) => ({ place: places.placeOf(dirname(studio.session(projectId).store.folder)) }),
    },
    sample: {
      open: async (_input, context) => opened(await openSample(studio, places.home(), context)),
    },
    project: {
      create: async ({ placeId, name }) => opened(await studio.create(places.resolveNew(placeId, name), name)),
      open: async (input) =>
        opened(await studio.open('placeId' in input ? places.resolve(input.placeId) : recent.resolve(input.recentId))),
      close: async ({ projectId }) => {
        await studio.closeSession(projectId)
        return {}
      },
      info: async ({ projectId }) => projectInfo(studio.session(projectId).store, await studio.modelHash()),
      engine: ({ projectId }) => studio.session(projectId).engine.info(),
    },
    images: {
      import: async ({ projectId, placeIds, copy }, context) => {
        try {
          const paths = placeIds.map((placeId) => places.resolve(placeId))
          return await studio.session(projectId).importImages(paths, copy || places.isLent(placeIds), context)
        } finally {
          await places.release(placeIds)
        }
      },
      list: ({ projectId, ...query }) => {
        const { store } = studio.session(projectId)
        const { total, items } = store.images.list(query)
        return { total, items: [...items], revision: store.revision() }
      },
      get: ({ projectId, imageId }) => {
        const { store } = studio.session(projectId)
        return {
          image: store.images.get(imageId),
          status: store.images.status(imageId),
          annotations: [...store.annotations.ofImage(imageId)],
          verdicts: [...store.verdicts.ofImage(imageId)],
          supports: [...store.supports.ofImage(imageId)],
          revision: store.revision(),
        }
      },
      lookAgain: ({ projectId }, context) => studio.session(projectId).lookAgain(context),
      neighbour: ({ projectId, ...query }) => ({ imageId: studio.session(projectId).store.images.neighbour(query) }),
    },
    classes: {
      usage: ({ projectId }) => ({ usage: [...studio.session(projectId).store.classes.usage()] }),
      remove: ({ projectId, classIds }) => ({ removed: removeClasses(studio.session(projectId).store, classIds) }),
      merge: ({ projectId, classId, intoId }) => ({
        moved: mergeClass(studio.session(projectId).store, classId, intoId),
      }),
    },
    history: {
      commit: ({ projectId, entry }) => studio.session(projectId).store.history.commit(entry),
      undo: ({ projectId }) => studio.session(projectId).step('undo'),
      redo: ({ projectId }) => studio.session(projectId).step('redo'),
      state: ({ projectId }) => studio.session(projectId).store.history.state(),
    },
    supports: {
      set: async ({ projectId, annotationIds, role }, context) => ({
        versions: await studio.session(projectId).setSupports(annotationIds, role, context),
      }),
      list: ({ projectId, classId }) => ({ supports: [...studio.session(projectId).store.supports.ofClass(classId)] }),
    },
    jobs: {
      start: ({ projectId, spec }, context) => studio.session(projectId).segment(spec, { signal: context.signal }),
      pause: ({ projectId, jobId }) => studio.session(projectId).jobs.pause(jobId),
      resume: ({ projectId, jobId }) => studio.session(projectId).jobs.resume(jobId),
      cancel: ({ projectId, jobId }) => studio.session(projectId).jobs.cancel(jobId),
      list: ({ projectId }) => ({ jobs: [...studio.session(projectId).jobs.list()] }),
      failures: ({ projectId, jobId }) => ({ problems: [...studio.session(projectId).store.jobs.failures(jobId)] }),
    },
    review: {
      accept: ({ projectId, ...scope }) => ({ accepted: acceptProposals(studio.session(projectId).store, scope) }),
      notHere: ({ projectId, imageId, classId }) => ({
        removed: sayNotHere(studio.session(projectId).store, imageId, classId),
      }),
      setReviewed: ({ projectId, imageIds, reviewed }) => ({
        changed: setReviewed(studio.session(projectId).store, imageIds, reviewed),
      }),
    },
    learn: {
      run: ({ projectId, classId }, context) => studio.session(projectId).learn(classId, context),
      versions: ({ projectId, classId }) => {
        const { store } = studio.session(projectId)
        return {
          versions: [...store.versions.ofClass(classId)],
          currentVersionId: store.versions.current(classId)?.id ?? null,
        }
      },
      restore: ({ projectId, classId, versionId }) => ({
        version: studio.session(projectId).restoreVersion(classId, versionId).version,
      }),
    },
    annotations: {
      import: ({ projectId, placeId, spec, imagesPlaceId }, context) =>
        studio.session(projectId).importAnnotations(places.resolve(placeId), spec, {
          ...context,
          images: imagesPlaceId === undefined ? undefined : places.resolve(imagesPlaceId),
        }),
    },
    formats: {
      list: () => ({
        formats: Object.values(formats).map(({ id, imports, brings, options, holds }) => ({
          id,
          imports,
          brings,
          options: [...options],
          holds,
        })),
      }),
      recognise: async ({ placeId }, { signal }) => {
        const { format, path } = await recogniseDataSet(places.resolve(placeId), signal)
        const place = places.placeOf(path)
        if (place === null) throw folderNeeded(path, format)
        return { format, place }
      },
    },
    export: {
      run: ({ projectId, placeId, name, spec }, context) =>
        studio.session(projectId).exportTo(places.resolveNew(placeId, name), spec, context),
      contents: ({ projectId, include }, context) => studio.session(projectId).exportContents(include, context),
      preflight: ({ projectId, spec, reader }, context) => studio.session(projectId).preflight(spec, reader, context),
    },
  }
}

/** A file was chosen by itself, and what is around it may not be read. */
function folderNeeded(folder: string, format: string): AppError {
  return new AppError(
    'Forbidden',
    'formatFolderNeeded',
    `This file is part of a data set in the format ${format}; choose its folder ${folder} instead.`,
    { params: { folder, format } },
  )
}

function noSystemDialog(): AppError {
  return new AppError(
    'Unsupported',
    'noSystemDialog',
    'A browser window cannot show a dialog of the system; go to the folder in the list instead.',
  )
}
