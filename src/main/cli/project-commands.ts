import { basename, resolve } from 'node:path'
import type { AnnotationImportReport, AnnotationImportSpec } from '../../shared/contract/contract.ts'
import { problemCount } from '../../shared/contract/problem-count.ts'
import { recogniseDataSet } from '../formats/recognise.ts'
import type { Recognised } from '../formats/recognise.ts'
import { formats } from '../formats/registry.ts'
import { imageStatuses } from '../../shared/domain/records.ts'
import { projectInfo } from '../projects/project-info.ts'
import { fillWithSample, requireSample } from '../projects/sample.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { count, warnOfProblems } from './output.ts'
import { modelHashNamed } from '../host/models.ts'
import { createPreferences } from '../host/preferences.ts'
import { withSession } from './with-session.ts'

/** `new`: makes an empty project, or the sample project. */
export async function newProject(
  context: CommandContext,
  project: string,
  options: { readonly name?: string; readonly sample?: boolean },
): Promise<ExitCode> {
  const name = options.name ?? basename(resolve(project))
  if (options.sample === true) requireSample()
  return await withSession(
    context,
    project,
    async (session) => {
      if (options.sample === true) await fillWithSample(session, { signal: context.signal })
      const info = projectInfo(session.store)
      context.output.result(info, [`Made the project "${info.name}" in ${info.location}`])
      return exitCode.done
    },
    { create: name },
  )
}

/** `info`: what the project holds. */
export async function info(context: CommandContext, project: string): Promise<ExitCode> {
  const modelHash = await modelHashNamed(createPreferences().get().predictor)
  return await withSession(context, project, (session) => {
    const value = { ...projectInfo(session.store, modelHash), jobs: session.jobs.list() }
    const lines = [
      `${value.name}  (${value.location})`,
      `${count(value.imageCount, 'image')}: ${imageStatuses.map((status) => `${value.images[status]} ${statusWords[status]}`).join(', ')}`,
      ...value.classes.map(
        (each) =>
          `class ${each.name}: ${each.accepted} accepted, ${each.proposed} proposed, ${count(each.examples, 'example')}, ` +
          (each.currentVersionNumber === null ? 'has learnt nothing yet' : `version ${each.currentVersionNumber}`) +
          (each.learnAgain ? ' of another model than the one in use: run learn' : '') +
          (each.unlearned > 0 ? `, ${count(each.unlearned, 'correction')} not learnt yet` : ''),
      ),
      ...value.jobs
        .filter((job) => job.state === 'running' || job.state === 'queued' || job.state === 'paused')
        .map((job) => `unfinished job: ${job.done} of ${job.total} images segmented; "exemplar segment" continues it`),
      ...value.jobs
        .filter(({ device }) => device !== null)
        .slice(0, 1)
        .map((job) => `segmented last on ${job.device ?? ''}`),
    ]
    context.output.result(value, lines)
    return Promise.resolve(exitCode.done)
  })
}

const statusWords = {
  unlabelled: 'unlabelled',
  proposals: 'with proposals',
  labelled: 'labelled',
  reviewed: 'reviewed',
  reviewedEmpty: 'reviewed and empty',
  setAside: 'set aside',
} as const

/** `add`: images or folders, recursive. Bad files are listed, never fatal. */
export async function addImages(
  context: CommandContext,
  project: string,
  paths: readonly string[],
  options: { readonly copy?: boolean },
): Promise<ExitCode> {
  return await withSession(context, project, async (session) => {
    const report = await session.importImages(
      paths.map((path) => resolve(path)),
      options.copy === true,
      {
        signal: context.signal,
        progress: ({ done, total, note }) =>
          context.output.progress(`${done}${total === null ? '' : ` of ${total}`} images  ${note ?? ''}`),
      },
    )
    warnOfProblems(context.output, report)
    for (const notice of report.notices) context.output.warn(notice.reason)
    const lines = [
      `Added ${count(report.added, 'image')}; ${report.duplicates} already there, ${problemCount(report)} not usable.`,
      ...(report.restored > 0 ? [`Found ${count(report.restored, 'image')} again whose file was gone.`] : []),
    ]
    context.output.result(report, lines)
    return report.problems.length > 0 ? exitCode.partly : exitCode.done
  })
}

export interface ImportOptions {
  readonly format?: AnnotationImportSpec['format']
  readonly as?: AnnotationImportSpec['as']
  readonly onConflict: AnnotationImportSpec['conflicts']
  readonly emptyAs: NonNullable<AnnotationImportSpec['empty']>
  readonly orientation: NonNullable<AnnotationImportSpec['orientation']>
  readonly outline: NonNullable<AnnotationImportSpec['outline']>
  readonly images?: string
  readonly dryRun?: boolean
}

/** `import`: masks made elsewhere. */
export async function importFrom(
  context: CommandContext,
  project: string,
  path: string,
  options: ImportOptions,
): Promise<ExitCode> {
  const { format, path: source } = await toRead(resolve(path), options.format, context.signal)
  if (options.outline === 'centres' && !formats[format].options.includes('outline')) {
    context.output.warn(`${source}: --outline is not heeded, since ${format} says by itself where its masks lie.`)
  }
  const { as = formats[format].brings, dryRun = false } = options
  const { onConflict: conflicts, emptyAs: empty, orientation, outline, images } = options
  const spec = { format, as, conflicts, empty, orientation, outline, dryRun }
  return await withSession(context, project, async (session) => {
    const report = await session.importAnnotations(source, spec, {
      signal: context.signal,
      images: images === undefined ? undefined : resolve(images),
      progress: ({ done, total }) => context.output.progress(`${done}${total === null ? '' : ` of ${total}`} images`),
    })
    warnOfProblems(context.output, report)
    const shown = options.format === undefined ? [`Read as ${format}: ${source}`] : []
    context.output.result({ ...report, format }, [...shown, ...importLines(report, dryRun)])
    return report.problems.length > 0 ? exitCode.partly : exitCode.done
  })
}

/** What a path is read as, and which path then: the file in a folder, or the folder of a file. */
async function toRead(
  path: string,
  format: AnnotationImportSpec['format'] | undefined,
  signal: AbortSignal,
): Promise<Recognised> {
  return format === undefined ? await recogniseDataSet(path, signal) : { format, path }
}

function importLines(report: AnnotationImportReport, dryRun: boolean): string[] {
  const what = `${count(report.annotations, 'annotation')} on ${count(report.images, 'image')}`
  const lines = [
    `${dryRun ? 'Would import' : 'Imported'} ${what}; ${count(problemCount(report), 'problem')}.`,
    ...(report.added > 0 ? [`${dryRun ? 'Would add' : 'Added'} first: ${count(report.added, 'image')}`] : []),
    ...(report.classes.length > 0 ? [`New classes: ${report.classes.join(', ')}`] : []),
    ...(report.unchanged > 0 ? [`Already there, pixel by pixel: ${report.unchanged}`] : []),
    ...(report.kept > 0 ? [`Left out, since the image has its class: ${report.kept}`] : []),
    ...(report.replaced > 0 ? [`${dryRun ? 'Would remove' : 'Removed'} for them: ${report.replaced}`] : []),
    ...(report.crowdsChanged > 0
      ? [
          `There already, ${dryRun ? 'would change' : 'changed'} between group and single object: ${report.crowdsChanged}`,
        ]
      : []),
    ...(report.crowdsKept > 0
      ? [
          `There already, and a group in one and a single object in the other: ${report.crowdsKept} (--on-conflict replace takes the file's word)`,
        ]
      : []),
    ...(report.reviewed > 0
      ? [`${dryRun ? 'Would mark' : 'Marked'} as reviewed: ${count(report.reviewed, 'image')}`]
      : []),
    ...(report.reviewedEmpty > 0
      ? [`${dryRun ? 'Would mark' : 'Marked'} as reviewed and empty: ${count(report.reviewedEmpty, 'image')}`]
      : []),
    ...(report.notEmpty > 0
      ? [`Empty in the file, and left as they are since they have annotations: ${count(report.notEmpty, 'image')}`]
      : []),
    ...(report.turned > 0 ? [`Masks turned from stored pixels: ${count(report.turned, 'image')}`] : []),
    ...(report.missing > 0
      ? [`Not in the project: ${count(report.missing, 'image')} (--images FOLDER adds them from there)`]
      : []),
  ]
  return dryRun ? [...lines, 'Nothing was changed.'] : lines
}
