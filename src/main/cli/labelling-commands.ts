import { resolve } from 'node:path'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { AppError } from '../../shared/errors.ts'
import { requireClass, ensureClass } from '../projects/classes.ts'
import { acceptProposals, correctMask, sayNotHere, setReviewed } from '../projects/review.ts'
import type { Session } from '../projects/session.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { imagesByName } from './names.ts'
import { count } from './output.ts'
import { untilStopped } from './segment-command.ts'
import { withSession } from './with-session.ts'

interface SupportOptions {
  readonly class: string
  readonly image: readonly string[]
  readonly remove?: boolean
  readonly holdOut?: boolean
  readonly predictor?: string
}

/** `support`: accepted annotations of the class in these images become examples. */
export async function support(context: CommandContext, project: string, options: SupportOptions): Promise<ExitCode> {
  const change = async (session: Session): Promise<ExitCode> => {
    const { store } = session
    const wanted = requireClass(store, options.class)
    const annotationIds = imagesByName(store, options.image).flatMap((image) => {
      const accepted = store.annotations
        .ofImage(image.id)
        .filter((record) => record.classId === wanted.id && record.state === 'accepted')
      if (accepted.length === 0) {
        throw new AppError(
          'NotFound',
          'noAcceptedAnnotation',
          `${image.name} has no accepted annotation of ${wanted.name}. Outline or accept one before you use it as an example.`,
        )
      }
      return accepted.map((record) => record.id)
    })
    const role = options.remove === true ? 'none' : options.holdOut === true ? 'heldOut' : 'example'
    const versions = await session.setSupports(annotationIds, role, { signal: context.signal })
    const lines = versions.map(
      (version) =>
        `${wanted.name} is at version ${version.number}, learnt from ${count(version.supports.length, 'example')}.`,
    )
    context.output.result(
      { class: wanted.name, versions },
      lines.length > 0 ? lines : [`${wanted.name}: no version changed.`],
    )
    return exitCode.done
  }
  return await withSession(context, project, change, { predictor: options.predictor })
}

interface ReviewOptions {
  readonly image: readonly string[]
  readonly class?: readonly string[]
  readonly accept?: boolean
  readonly notHere?: boolean
  readonly reviewed?: boolean
  readonly open?: boolean
}

/** `review`: accept proposals, say "not here", mark images. */
export async function review(context: CommandContext, project: string, options: ReviewOptions): Promise<ExitCode> {
  return await withSession(context, project, (session) => {
    const { store } = session
    const images = imagesByName(store, options.image)
    const classes = options.class?.map((name) => requireClass(store, name))
    const imageIds = images.map((image) => image.id)
    const done = { accepted: 0, removed: 0, marked: 0 }
    if (options.accept === true) {
      for (const each of classes ?? [undefined])
        done.accepted += acceptProposals(store, { imageIds, classId: each?.id })
    }
    if (options.notHere === true) {
      for (const imageId of imageIds)
        for (const each of classes ?? []) done.removed += sayNotHere(store, imageId, each.id)
    }
    if (options.reviewed === true || options.open === true)
      done.marked = setReviewed(store, imageIds, options.reviewed === true)
    context.output.result(done, [
      `${count(done.accepted, 'proposal')} accepted, ${done.removed} removed, ${count(done.marked, 'image')} marked.`,
    ])
    return Promise.resolve(exitCode.done)
  })
}

/** `correct`: accept this mask as the user's correction; an empty mask means "not here". */
export async function correct(
  context: CommandContext,
  project: string,
  options: { readonly image: string; readonly class: string; readonly mask: string },
): Promise<ExitCode> {
  return await withSession(context, project, async (session) => {
    const { store } = session
    const [image] = imagesByName(store, [options.image])
    if (image === undefined) return exitCode.failed
    const mask = await session.readMask(resolve(options.mask), context.signal)
    if (mask.width !== image.width || mask.height !== image.height) {
      throw new AppError(
        'InvalidInput',
        'maskSize',
        `${options.mask} is ${mask.width} x ${mask.height} pixels, but ${image.name} is ${image.width} x ${image.height}; save the mask at the size of the image.`,
      )
    }
    const tiles = tilesFromBitmap({
      width: mask.width,
      height: mask.height,
      data: mask.data.map((value) => (value === 0 ? 0 : 1)),
    })
    const target = ensureClass(store, options.class)
    correctMask(store, image.id, target.id, tiles)
    context.output.result({ image: image.name, class: target.name, empty: tiles.length === 0 }, [
      tiles.length === 0
        ? `${target.name} is not in ${image.name}.`
        : `${target.name} in ${image.name} is now your correction.`,
    ])
    return exitCode.done
  })
}

/** `learn`: fit a version from the corrections and refresh the open proposals. */
export async function learnClass(
  context: CommandContext,
  project: string,
  options: { readonly class: string; readonly predictor?: string },
): Promise<ExitCode> {
  const learnNow = async (session: Session): Promise<ExitCode> => {
    const target = requireClass(session.store, options.class)
    const result = await session.learn(target.id, { signal: context.signal })
    const [job = null] = result.refreshJobId === null ? [] : await untilStopped(context, session, [result.refreshJobId])
    const unfinished =
      job === null || job.state === 'done'
        ? []
        : [`${count(job.total - job.done - job.failed, 'image')} left to refresh; "exemplar segment" continues.`]
    const lines =
      result.adopted && result.version !== null
        ? [
            `${target.name} learnt version ${result.version.number} with ${count(result.newExamples, 'new example')}.`,
            ...(job === null ? [] : [`Refreshed the proposals of ${count(job.done, 'image')}.`]),
            ...unfinished,
            ...(job?.state === 'failed' && job.reason !== null ? [job.reason] : []),
          ]
        : [result.reason ?? 'Nothing was adopted.']
    context.output.result({ ...result, refreshed: job?.done ?? 0 }, lines)
    if (job?.state === 'failed') return exitCode.failed
    return job === null || (job.state === 'done' && job.failed === 0) ? exitCode.done : exitCode.partly
  }
  return await withSession(context, project, learnNow, { predictor: options.predictor })
}

/** `versions`: what the class has learnt so far; `--restore` makes one current again. */
export async function versions(
  context: CommandContext,
  project: string,
  options: { readonly class: string; readonly restore?: string },
): Promise<ExitCode> {
  return await withSession(context, project, async (session) => {
    const { store } = session
    const target = requireClass(store, options.class)
    const all = store.versions.ofClass(target.id)
    if (options.restore !== undefined) {
      const wanted = all.find((version) => version.id === options.restore || String(version.number) === options.restore)
      if (wanted === undefined) {
        throw new AppError(
          'NotFound',
          'versionNotFound',
          `${target.name} has no version "${options.restore}". "exemplar versions" lists them.`,
        )
      }
      const { refreshJobId } = session.restoreVersion(target.id, wanted.id)
      if (refreshJobId !== null) await untilStopped(context, session, [refreshJobId])
    }
    const current = store.versions.current(target.id)
    context.output.result(
      { class: target.name, current: current?.id ?? null, versions: all },
      all.map(
        (version) =>
          `${version.id === current?.id ? '*' : ' '} ${version.number}  ${version.createdAt}  ${count(version.supports.length, 'example')}  ${version.id}`,
      ),
    )
    return exitCode.done
  })
}
