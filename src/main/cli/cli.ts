import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import {
  annotationImportSpecSchema,
  details,
  formatNames,
  outlineSchema,
  providers,
  readers,
} from '../../shared/contract/contract.ts'
import { defaultPreferences } from '../../shared/domain/preferences.ts'
import { parseSubsets, splitKeys } from '../../shared/domain/split.ts'
import type { Subset } from '../../shared/domain/split.ts'
import { isAppError } from '../../shared/errors.ts'
import { formatsWith } from '../formats/registry.ts'
import { exitCode } from './context.ts'
import type { CommandContext, ExitCode } from './context.ts'
import { doctor } from './doctor-command.ts'
import { comparedPredictors, evaluate } from './evaluate-command.ts'
import type { EvaluateOptions } from './evaluate-command.ts'
import { exportData } from './export-command.ts'
import type { ExportOptions } from './export-command.ts'
import { correct, learnClass, review, support, versions } from './labelling-commands.ts'
import { modelAdd, modelList } from './model-commands.ts'
import { createOutput } from './output.ts'
import type { Streams } from './output.ts'
import { addImages, importFrom, info, newProject } from './project-commands.ts'
import type { ImportOptions } from './project-commands.ts'
import { segment } from './segment-command.ts'
import type { SegmentOptions } from './segment-command.ts'
import { serve } from './serve-command.ts'
import type { ServeOptions } from './serve-command.ts'

type Action<Arguments extends readonly unknown[]> = (context: CommandContext, ...args: Arguments) => Promise<ExitCode>

/**
 * The command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage, 3 done in part. Expected failures are
 * one sentence on stderr (an object with `--json`); a bug shows its stack.
 */
export async function runCli(args: readonly string[], streams: Streams, signal: AbortSignal): Promise<number> {
  let code: number = exitCode.done
  const json = args.includes('--json')
  const program = new Command('exemplar')
    .description('Outline a class in a few pictures, segment the rest, correct a few, export.')
    .option('--json', 'results as JSON on stdout')
    .configureOutput({ writeOut: (text) => streams.stdout.write(text), writeErr: (text) => streams.stderr.write(text) })
    .exitOverride()
    .showHelpAfterError('Run with --help to see how it is used.')

  /**
   * Runs an action with the context made from the global options. Commander appends the command itself. `left` is
   * what Ctrl+C leaves, in a sentence.
   */
  let left = ''
  const run =
    <Arguments extends readonly unknown[]>(action: Action<Arguments>, whenStopped = 'Nothing was changed.') =>
    async (...args: readonly [...Arguments, Command]): Promise<void> => {
      left = whenStopped
      const output = createOutput(streams, json)
      // Commander calls with the declared arguments, the options and the command, in this order.
      const own = args.slice(0, -1) as readonly unknown[] as Arguments
      code = await action({ output, signal }, ...own)
    }

  const command = (usage: string, description: string): Command =>
    program.command(usage).description(description).option('--json', 'results as JSON on stdout').exitOverride()

  const predictor = (): Option =>
    new Option(
      '--predictor <name>',
      'what to learn and segment with, by the names of "model list"; default: the choice in the settings',
    )

  command('new <project>', 'make an empty project')
    .option('--name <name>', 'shown name; default: the folder')
    .option('--sample', 'with the pictures and classes of the sample project')
    .action(run(newProject))
  command('info <project>', 'what the project holds').action(
    run<[string, object]>((context, project) => info(context, project)),
  )
  command('add <project> <path...>', 'add images or folders, recursively')
    .option('--copy', 'copy the images into the project')
    .action(run(addImages, 'What was added so far stays; the same command adds the rest.'))
  command('import <project> <path>', 'read masks made elsewhere')
    .addOption(
      new Option('--format <format>', 'what the file or folder is; default: what it shows').choices(formatNames),
    )
    .addOption(new Option('--as <state>', 'as what').choices(annotationImportSpecSchema.shape.as.options))
    .addOption(
      new Option('--on-conflict <which>', 'what stays where an image has annotations of a class already')
        .choices(annotationImportSpecSchema.shape.conflicts.options)
        .default('both'),
    )
    .addOption(
      new Option(
        '--empty-as <state>',
        'images without annotations: reviewed where the data set says so, or all of them, or none',
      )
        .choices(annotationImportSpecSchema.shape.empty.unwrap().options)
        .default('stated'),
    )
    .addOption(
      new Option('--orientation <how>', 'of pictures turned by EXIF: masks as displayed, or on the stored pixels')
        .choices(annotationImportSpecSchema.shape.orientation.unwrap().options)
        .default('displayed'),
    )
    .addOption(
      new Option(
        '--outline <which>',
        `${forOption('outline')}: rings along the edges of pixels, or through their centres, as OpenCV makes them`,
      )
        .choices(outlineSchema.options)
        .default('edges'),
    )
    .option('--images <folder>', 'add the images that the project does not have from this folder first')
    .option('--dry-run', 'only say what would happen')
    .hook('preAction', checkOutline)
    .action(run<[string, string, ImportOptions]>(importFrom))
  command('support <project>', 'accepted annotations become examples')
    .requiredOption('--class <name>')
    .requiredOption('--image <name...>')
    .addOption(new Option('--remove', 'no longer an example').conflicts('holdOut'))
    .option('--hold-out', 'only measure on it')
    .addOption(predictor())
    .action(run(support))
  command('segment <project>', 'make proposals; continues what a crash or Ctrl+C left')
    .option('--class <name...>', 'default: every class that has learnt something')
    .option('--images <which...>', 'unreviewed, all, or names', ['unreviewed'])
    .addOption(
      new Option(
        '--provider <provider>',
        'what to run on; auto is the fastest that "exemplar doctor" found to work, or what EXEMPLAR_PROVIDER names',
      )
        .choices(providers)
        .default('auto'),
    )
    .addOption(new Option('--detail <detail>').choices(details).default('normal'))
    .addOption(predictor())
    .action(run<[string, SegmentOptions]>(segment))
  command('review <project>', 'accept proposals, say "not here", mark images')
    .requiredOption('--image <name...>')
    .option('--class <name...>')
    .addOption(new Option('--accept', 'accept the open proposals').conflicts('notHere'))
    .option('--not-here', 'the class does not occur in the image')
    .addOption(new Option('--reviewed', 'the image is finished').conflicts('open'))
    .option('--open', 'the image is not finished')
    .hook('preAction', (command) => {
      const said = command.opts<Parameters<typeof review>[2]>()
      const actions = [said.accept, said.notHere, said.reviewed, said.open]
      if (!actions.includes(true)) command.error('Say what to do: --accept, --not-here, --reviewed or --open.')
      if (said.notHere === true && said.class === undefined) command.error('Say which class is not here: --class NAME.')
    })
    .action(run(review))
  command('correct <project>', 'accept this mask as your correction; an empty one means "not here"')
    .requiredOption('--image <name>')
    .requiredOption('--class <name>')
    .requiredOption('--mask <file>', 'PNG of the size of the image; 0 is background')
    .action(run(correct))
  command('learn <project>', 'learn from the corrections and refresh the open proposals')
    .requiredOption('--class <name>')
    .addOption(predictor())
    .action(run(learnClass))
  command('versions <project>', 'what a class has learnt so far')
    .requiredOption('--class <name>')
    .option('--restore <version>', 'number or id of the version to use again')
    .action(run(versions))
  command('export <project> <folder>', 'write the data set and prove it identical')
    .addOption(new Option('--format <format>').choices(formatNames).makeOptionMandatory())
    .addOption(
      new Option('--segmentation <encoding>').choices(['polygon', 'rle', 'rle-uncompressed']).default('polygon'),
    )
    .addOption(
      new Option(
        '--parts <how>',
        `${forOption('parts')}: an object of several parts becomes one each, or its largest part alone`,
      )
        .choices(['split', 'largest'])
        .default('split'),
    )
    .addOption(
      new Option(
        '--outline <which>',
        `${forOption('outline')}: rings along the edges of pixels, or through their centres, as Ultralytics fills them`,
      )
        .choices(outlineSchema.options)
        .default('edges'),
    )
    .addOption(new Option('--include <state>').choices(['accepted', 'proposed', 'all']).default('accepted'))
    .addOption(new Option('--images <how>').choices(['none', 'copy', 'link']).default('none'))
    .addOption(
      new Option(
        '--orientation <how>',
        `${forOption('orientation')}: of pictures turned by EXIF, masks as displayed, upright copies, or masks on the stored pixels`,
      )
        .choices(['displayed', 'upright', 'stored'])
        .default('displayed'),
    )
    .option(
      '--simplify <pixels>',
      `${forOption('simplify')}, polygons: leave out corners that lie nearer than this to the outline; default: lose nothing`,
      parsePixels,
      0,
    )
    .option('--split <shares>', `${forOption('split')}: cut into subsets, e.g. train=0.8,val=0.2`, parseSplit)
    .addOption(
      new Option('--split-by <what>', 'what is never torn apart: folders, near-duplicates, or only each image')
        .choices(splitKeys)
        .default('folder'),
    )
    .option('--seed <number>', 'of the split: the same seed gives the same subsets', parseWhole, 1)
    .option('--dry-run', 'only say what would be written and removed, after writing and reading it back elsewhere')
    .addOption(
      new Option('--reader <name>', 'say what this reader of COCO files would drop or change').choices(readers),
    )
    .hook('preAction', (command) => {
      const { format, reader } = command.opts<ExportOptions>()
      if (reader !== undefined && format !== 'coco') command.error('--reader is about COCO files: use --format coco.')
      checkOutline(command)
    })
    .action(run<[string, string, ExportOptions]>(exportData, 'The folder is as it was; the same command exports anew.'))
  command('evaluate <dataset>', 'measure a predictor on a data set folder')
    .option('--episodes <file>', 'frozen list of episodes; default: drawn with --seed')
    .option('--shots <list>', 'numbers of supports, e.g. 1,5', parseShots, [1, 5])
    .option('--classes <name...>', 'only these classes')
    .option(
      '--predictor <name>',
      `${comparedPredictors.join(', ')}, or all of them in one table`,
      defaultPreferences.predictor,
    )
    .option('--models <folder>', 'a models folder with manifest.json; default: that of the program')
    .option('--seed <number>', 'for drawn episodes and the bootstrap', parseWhole, 1)
    .option('--limit <number>', 'only the first episodes (a quick look, not a figure to quote)', parseWhole)
    .addOption(new Option('--detail <detail>').choices(details).default('normal'))
    .option('--report <file>', 'write the whole report as JSON')
    .action(run<[string, EvaluateOptions]>(evaluate, 'There are no figures; the same command measures anew.'))
  const model = program.command('model').description('what can be learnt and segmented with').exitOverride()
  model
    .command('list')
    .description('the models, and whether their files are what their manifest says')
    .option('--json', 'results as JSON on stdout')
    .exitOverride()
    .action(run<[object]>((context) => modelList(context)))
  model
    .command('add <manifest>')
    .description('try and copy an exported MSDNet: its manifest.json, or the folder that holds it')
    .option('--json', 'results as JSON on stdout')
    .exitOverride()
    .action(run<[string, object]>((context, path) => modelAdd(context, path)))
  command('doctor', 'what runs where: every part tried and timed').action(run<[object]>((context) => doctor(context)))
  command('serve [project]', 'the studio in a browser window')
    .option('--port <number>', 'default: a free one', parseWhole)
    .option('--root <folder...>', 'folders that may be browsed; default: your home folder')
    .option('--open', 'open the default browser')
    .action(run<[string | undefined, ServeOptions]>(serve))

  try {
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage
    if (!isAppError(error)) throw error
    if (json) streams.stdout.write(`${JSON.stringify({ error: error.toRecord() })}\n`)
    const isStopped = error.code === 'Cancelled'
    streams.stderr.write(`${isStopped ? `Stopped. ${left}` : error.message}\n`)
    return isStopped ? exitCode.partly : exitCode.failed
  }
}

function parseWhole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.')
  return value
}

/** For the help: the formats that leave this to choose. */
function forOption(option: Parameters<typeof formatsWith>[0]): string {
  return formatsWith(option).join(', ')
}

/** Rings along edges are what all formats have that hold rings; another choice must not be passed over in silence. */
function checkOutline(command: Command): void {
  const { format, outline } = command.opts<ImportOptions | ExportOptions>()
  const able = formatsWith('outline')
  // A format that is still to be recognised is judged then.
  if (outline === 'centres' && format !== undefined && !able.includes(format))
    command.error(`--outline is about ${able.join(', ')} alone.`)
}

function parseSplit(text: string): readonly Subset[] {
  const subsets = parseSubsets(text)
  if (subsets !== null) return subsets
  throw new InvalidArgumentError('It must be like train=0.8,val=0.2: two or more names, and shares that make up 1.')
}

function parsePixels(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text)
  if (!(value >= 0 && value <= 20)) throw new InvalidArgumentError('It must be a number of pixels from 0 to 20.')
  return value
}

function parseShots(text: string): number[] {
  const shots = text.split(',').map(parseWhole)
  if (shots.some((each) => each < 1)) throw new InvalidArgumentError('Each must be at least 1.')
  return shots
}
